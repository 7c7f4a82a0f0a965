"""schemathesis knows no SDP: an offer of WHIP is sent as the text it is."""
import schemathesis

schemathesis.serializer.alias("application/sdp", "text/plain")
