#!/usr/bin/env python3
"""Verifies Testigo evidence offline: written from docs/spec alone, with nothing but Python's standard library.

    verify.py BUNDLE [--trust FILE] [--facts FILE] [--json]    one evidence bundle
    verify.py --vectors DIR                                    every frozen vector (packages/trail/vectors)
    verify.py --merkle DIR                                     transparency-dev/merkle's testdata folder

FILE --trust pins registry, log keys and custodians (docs/spec/evidence-bundle.md, "Trust"); FILE --facts states what
somebody read from the registry ("Facts"). Exit code: 0 verified, 1 failed, 2 usage, 3 inconclusive, 130 interrupted.
"""
import argparse, base64, hashlib, json, pathlib, re, sys, unicodedata

class Bad(ValueError):
    """Malformed input, or a check that did not pass: the message is then the code of the finding."""
def need(condition, why):
    if not condition:
        raise Bad(why)
def attempt(read, *arguments):
    try:
        return read(*arguments)
    except (ValueError, RecursionError):
        return None
def judge(check, *arguments):
    try:
        return check(*arguments)
    except Bad as finding:
        return str(finding)

# --- encoding (record.md, "Encoding") -------------------------------------------------------------------------------
MAX_INT, MAX_RECORD, MAX_BUNDLE = 2**53 - 1, 65_535, 32 * 1024 * 1024
def encode(value, depth=0):
    need(depth <= 16, "nesting deeper than 16")
    if type(value) in (bool, int):
        need(abs(value) <= MAX_INT, "an integer beyond 2^53 - 1")
        return json.dumps(value)
    if type(value) is str:
        need(unicodedata.normalize("NFC", value) == value, "a string that is not NFC")
        return json.dumps(value, ensure_ascii=False)
    if type(value) is list:
        return "[" + ",".join(encode(item, depth + 1) for item in value) + "]"
    need(type(value) is dict, "null or a float")
    need(all(re.fullmatch("[ -~]{1,64}", key) and key != "__proto__" for key in value), "a key")
    return "{" + ",".join(encode(key) + ":" + encode(value[key], depth + 1) for key in sorted(value)) + "}"
def decode(data):
    value = json.loads(data.decode("utf-8"))
    need(encode(value).encode() == data, "not the canonical encoding")
    return value
def unbase64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "not the one base64 of its bytes")
    return data

# --- schemas --------------------------------------------------------------------------------------------------------
PATTERNS = {name: re.compile(text, re.ASCII) for name, text in {  # every string is one of these patterns
    "digest": "[0-9a-f]{64}", "id": "[0-9a-f]{32}", "address": "0x[0-9a-f]{40}", "tx": "0x[0-9a-f]{64}",
    "token": "[a-z0-9][a-z0-9._:-]{0,63}", "field": "[a-z][a-zA-Z0-9]{0,31}", "file": "[a-z0-9][a-z0-9._-]{0,63}",
    "base64": "(?=.{0,1400000}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "note": "[\n -~—]{1,262144}", "ascii": "[\n -~]{1,1400000}", "text": "(?s).*", "type": "(?s).{1,200}"}.items()}
KINDS = {**PATTERNS, "n": range(2**53), "s": range(253_402_300_800), "ppm": range(10**6 + 1), "temp": range(10**4, 10**8 + 1), "half": range(1, 500_001)}

# Objects are written down in formats.txt, whose head explains the notation.
for line in pathlib.Path(__file__).with_name("formats.txt").read_text("utf-8").splitlines():
    if line and line[0] != "#":
        name, *words = line.split()
        parts = [re.fullmatch("([^:=]+)([:=]?)(.*)", word).groups() for word in words]
        KINDS[name] = {k: v for f, sep, kind in parts for k, v in ({f: (sep, kind)} if sep else KINDS[f]).items()}
def fits(kind, value):
    if "|" in kind:
        return type(value) is str and value in kind.split("|")
    if kind[0] == "[":
        least, most, item = re.fullmatch(r"\[(\d+),(\d+)\](.+)", kind).groups()
        return type(value) is list and int(least) <= len(value) <= int(most) and all(fits(item, v) for v in value)
    if kind[0] == "{":
        key, inner = kind[1:-1].split(",", 1)
        return type(value) is dict and all(fits(key, k) and fits(inner, v) for k, v in value.items())
    schema = KINDS[kind]
    if not isinstance(schema, dict):
        return type(value) is int and value in schema if isinstance(schema, range) else (
            type(value) is str and schema.fullmatch(value) is not None)
    return (type(value) is dict and value.keys() <= {name.rstrip("?") for name in schema}
            and all(is_member(value, name, *rule) for name, rule in schema.items()))
def is_member(value, name, separator, kind):
    if name.rstrip("?") not in value:
        return name.endswith("?")
    inner = value[name.rstrip("?")]
    return fits(kind, inner) if separator == ":" else (type(inner) in (int, str, bool) and encode(inner).strip('"') == kind)
def distinct(items):
    return len(set(items)) == len(items)
def parse_record(data):
    need(len(data) <= MAX_RECORD, "larger than 65,535 bytes")
    r = decode(data)
    need(type(r) is dict and type(r.get("type")) is str and re.fullmatch("[A-Z_]+", r["type"]), "no record")
    need(r["type"] in KINDS and fits(r["type"], {k: r[k] for k in r if k != "type"}), f"not a {r['type']} record")
    kind, latest = r["type"], r["time"] + 1  # a second of clock skew
    need(r.get("noticeShownAt", 0) <= latest and r.get("consentGivenAt", 0) <= latest, "a notice to come")
    need(kind != "DETECTION" or r["sequence"] > 0, "a detection at sequence 0")
    need(kind != "REFUSAL" or ("sessionId" in r) == ("sequence" in r), "half a place in a session")
    need(kind != "SESSION_OPEN" or r["sequence"] == 0, "a session that opens late")
    need(kind != "SESSION_CLOSE" or r["openedAt"] <= r["time"] and r["sequence"] == 1 + sum(r["counts"].values()),
         "a session that does not add up")
    need(kind != "LEGAL_HOLD" or (r["action"] == "release") == ("hold" in r), "a hold")
    return r
def parse_dataset(data):
    s = decode(data)
    need(fits("statement", s), "not a dataset manifest")
    p = s["predicate"]
    counts = [pair for split in p["splits"].values() for pair in split.items()]
    live = sum(count for _, count in counts)
    need(s["subject"][0]["name"] == p["name"] and distinct(p["labels"]) and distinct(p["sources"]), "names")
    need(all(label in p["labels"] for label, _ in counts) and p["selection"]["size"] <= live <= p["size"], "counts")
    return s
def parse_model(data):
    m = decode(data)
    need(fits("model", m) and distinct(m["labels"]) and distinct([f["name"] for f in m["files"]]), "not a model manifest")
    return m
def parse_bundle(data):
    data = data[:-1] if data.endswith(b"\n") else data
    need(len(data) <= MAX_BUNDLE, "larger than 32 MiB")
    bundle = decode(data)
    need(fits("bundle", bundle) and distinct([d["field"] for d in bundle["disclosures"]]), "not an evidence bundle")
    return bundle

# --- commitments (commitments.md) and log (log.md; RFC 9162, section 2.1) -------------------------------------------
def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
def commit(salt, field, value):
    need(len(salt) == 32 and PATTERNS["field"].fullmatch(field), "opening")
    return sha256(b"\x02", salt, field.encode(), b"\x00", value)
EMPTY_ROOT = sha256()
def leaf_hash(data):
    return sha256(b"\x00", data)
def node_hash(left, right):
    return sha256(b"\x01", left, right)
def climb(fn, sn, proof, old, new):
    """Sections 2.1.3.2 and 2.1.4.2 share this walk: `old` takes the left siblings only. None if the length is wrong."""
    for sibling in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    return (old, new) if sn == 0 else None
def is_included(leaf, index, size, proof, root):
    if not 0 <= index < size or any(len(h) != 32 for h in (leaf, root, *proof)):
        return False
    return (climb(index, size - 1, proof, leaf, leaf) or (None, None))[1] == root
def is_consistent(size1, size2, root1, root2, proof):
    if not 0 <= size1 <= size2 or any(len(h) != 32 for h in (root1, root2, *proof)):
        return False
    if size1 == 0 or size1 == size2:
        return not proof and (size1 > 0 or root1 == EMPTY_ROOT) and (size1 < size2 or root1 == root2)
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    path = [root1, *proof] if fn == 0 else proof
    return bool(proof) and climb(fn, sn, path[1:], path[0], path[0]) == (root1, root2)

# --- Ed25519 (RFC 8032, section 5.1; checkpoint.md, "Signatures") ---------------------------------------------------
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
def add(p, q):  # extended coordinates x, y, z, t
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
def multiply(n, p):
    q = (0, 1, 1, 0)
    for bit in bin(n)[2:]:
        q = add(q, q)
        q = add(q, p) if bit == "1" else q
    return q
def is_neutral(p):
    return p[0] % P == 0 and (p[1] - p[2]) % P == 0
def point(data):
    need(len(data) == 32, "not 32 bytes")
    y, sign = int.from_bytes(data, "little") & 2**255 - 1, data[31] >> 7
    need(y < P, "not the one encoding of a point")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    need((x * x - square) % P == 0 and not (x == 0 and sign), "no point")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
def is_signature(signature, message, key):
    a, r, s = attempt(point, key), attempt(point, signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L or is_neutral(multiply(8, a)):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    minus = tuple(v * m for v, m in zip(multiply(s, BASE), (-1, 1, 1, -1)))
    return is_neutral(multiply(8, add(add(r, multiply(k, a)), minus)))

# --- notes, checkpoints (checkpoint.md) and envelopes (dataset-manifest.md) -----------------------------------------
SPACES = "\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
def is_key_name(name):
    return name != "" and not any(c in SPACES or c in " +\ufffd" or c < " " for c in name)
def parse_verifier_key(text):
    name, _, rest = text.partition("+")
    id_text, _, data = rest.partition("+")
    typed = unbase64(data)
    need(is_key_name(name) and len(typed) == 33 and typed[0] == 1, "not an Ed25519 verifier key")
    need(id_text == sha256(name.encode(), b"\n", typed)[:4].hex(), "the key hash does not belong to the key")
    return name, id_text, typed[1:]
def open_note(text, keys):
    """The signed text, and `name+hash` of each given key that signed it."""
    need(not re.search("[\x00-\x09\x0b-\x1f\ufffd]", text) and len(text.encode()) <= 262_144, "characters or size")
    body, blank, tail = text.rpartition("\n\n")
    need(blank and tail.endswith("\n"), "no signatures")
    lines, known, signers = tail[:-1].split("\n"), {key[:2]: key[2] for key in map(parse_verifier_key, keys)}, []
    need(len(lines) <= 100, "more than 100 signatures")
    for line in lines:
        match = re.fullmatch("— ([^ ]+) ([A-Za-z0-9+/]+=*)", line)
        need(match and is_key_name(match[1]), "a signature line")
        data = unbase64(match[2])
        need(len(data) >= 5, "a short signature")
        key = known.get((match[1], data[:4].hex()))
        if key is not None:
            need(is_signature(data[4:], (body + "\n").encode(), key), "a wrong signature by a known key")
            signers.append(f"{match[1]}+{data[:4].hex()}")
    return body + "\n", list(dict.fromkeys(signers))
def parse_checkpoint(body):
    lines = body.split("\n")
    need(len(lines) >= 4 and lines[-1] == "" and "" not in lines[:-1], "fewer than three lines, or an empty one")
    need(re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]) and int(lines[1]) <= MAX_INT, "size")
    size, root = int(lines[1]), unbase64(lines[2])
    need(len(root) == 32 and (size > 0 or root == EMPTY_ROOT), "root")
    return lines[0], size, root
DATASET_TYPE = "application/vnd.in-toto+json"
def open_envelope(text, payload_type, keys):
    envelope = json.loads(text)
    need(fits("envelope", envelope) and envelope["payloadType"] == payload_type, "not such an envelope")
    payload, signatures = unbase64(envelope["payload"]), [unbase64(s["sig"]) for s in envelope["signatures"]]
    message = b"DSSEv1 %d %s %d " % (len(payload_type.encode()), payload_type.encode(), len(payload)) + payload
    return payload, [key for key in dict.fromkeys(keys) if any(is_signature(s, message, key) for s in signatures)]

# --- evidence (evidence-bundle.md, "Checks"): each check raises or returns the code of its finding ---------------------
VERIFIED = set("""record-well-formed inclusion-proven checkpoint-signed anchor-final model-registered dataset-approved
    disclosures-open""".split())
INCONCLUSIVE = set("""trust-missing registry-unpinned chain-not-given chain-other registry-absent inclusion-unchecked
    anchor-missing anchor-not-final anchor-consistency-missing anchor-unchecked model-manifest-missing model-not-final
    model-unchecked dataset-manifest-missing dataset-custodians-unpinned dataset-not-final dataset-unchecked""".split())
EXIT_CODES = {"verified": 0, "failed": 1, "inconclusive": 3}
def outcome_of(codes):
    if any(code not in VERIFIED | INCONCLUSIVE for code in codes):
        return "failed"
    return "verified" if codes and VERIFIED.issuperset(codes) else "inconclusive"
def unhex(text):
    return bytes.fromhex(text.removeprefix("0x"))
def check_checkpoint(text, origin, trust):
    need(origin is not None, "checkpoint-malformed")
    need(trust is not None, "trust-missing")
    keys = [log["verifierKey"] for log in trust["logs"] if log["origin"] == origin]
    need(keys, "checkpoint-log-unpinned")
    notes = [attempt(open_note, text, [key]) for key in keys]
    if not any(note and note[1] for note in notes):
        return "checkpoint-signature-invalid" if None in notes else "checkpoint-signature-missing"
    return "checkpoint-signed"
def check_inclusion(bundle, leaf, checkpoint):
    need(leaf and checkpoint, "inclusion-unchecked")
    _, size, root = checkpoint
    need(bundle["leafIndex"] < size, "inclusion-index-out-of-range")
    proof = [unhex(h) for h in bundle["inclusionProof"]]
    need(is_included(leaf, bundle["leafIndex"], size, proof, root), "inclusion-proof-invalid")
    return "inclusion-proven"
def check_pins(facts, trust):
    need(facts is not None, "chain-not-given")
    need(trust is not None, "registry-unpinned")
    need(facts["chainId"] == trust["chainId"], "chain-other")
    need(facts.get("codeHash"), "registry-absent")
    need(unhex(facts["codeHash"]) == unhex(trust["codeHash"]), "registry-code-mismatch")
def check_anchor(bundle, checkpoint, trust, facts):
    need(checkpoint, "anchor-unchecked")
    claim, (origin, size, root) = bundle.get("anchor"), checkpoint
    if claim and trust:
        need(claim["chainId"] == trust["chainId"] and unhex(claim["registry"]) == unhex(trust["registry"]),
             "anchor-registry-unpinned")
        need(claim["logId"] == sha256(origin.encode()).hex(), "anchor-claim-mismatch")
    check_pins(facts, trust)
    anchors, head = {anchor["size"]: anchor for anchor in facts["anchors"]}, facts.get("head", {})
    need(size not in anchors or anchors[size]["root"] == root.hex(), "anchor-log-forked")
    need(not anchors or all(head.get(k) == facts["anchors"][-1][k] for k in ("size", "root")), "anchor-head-mismatch")
    if claim:
        shown = anchors.get(claim["size"])
        need(shown or facts["latestBlock"] >= claim["blockNumber"], "anchor-missing")  # a node that lags
        need(shown and all(shown[k] == claim[k] for k in ("root", "blockNumber", "transaction")), "anchor-claim-mismatch")
    covering = [anchor for anchor in facts["anchors"] if anchor["size"] > bundle["leafIndex"]]
    need(covering, "anchor-missing")
    proofs = {size: [], **({claim["size"]: claim["consistencyProof"]} if claim else {})}
    covering = [anchor for anchor in covering if anchor["size"] in proofs]
    need(covering, "anchor-consistency-missing")
    for anchor in covering:
        heads = sorted([(size, root), (anchor["size"], unhex(anchor["root"]))], key=lambda head: head[0])
        proof = [unhex(h) for h in proofs[anchor["size"]]]
        need(is_consistent(heads[0][0], heads[1][0], heads[0][1], heads[1][1], proof), "anchor-consistency-invalid")
    return "anchor-final" if covering[0]["blockNumber"] <= facts["finalBlock"] else "anchor-not-final"
def agrees(record, **stated):
    """What the record says of these names, if anything, is what is stated."""
    return all(record.get(name, value) == value for name, value in stated.items())
def check_manifest(data, manifest, record):
    need(manifest, "model-manifest-malformed")
    need(sha256(data).hex() == record["modelVersion"], "model-version-mismatch")
    dataset = manifest["dataset"]
    need(agrees(record, datasetRoot=dataset["root"], datasetSize=dataset["size"]), "model-dataset-mismatch")
    need(agrees(record, preprocessing=manifest["preprocessing"]), "model-preprocessing-mismatch")
def check_registration(record, facts):
    need(facts is not None, "model-unchecked")
    need(model := facts.get("model"), "model-unregistered")
    need("revokedAt" not in model, "model-revoked")
    need(model["isFinal"], "model-not-final")
    need(agrees(record, datasetRoot=model["datasetRoot"]), "model-dataset-mismatch")
    return "model-registered"
def check_statement(payload, root, size, named):
    statement = attempt(parse_dataset, payload)
    need(statement, "dataset-manifest-malformed")
    need(statement["subject"][0]["digest"]["rfc6962-sha256"] == root, "dataset-root-mismatch")
    need(size in (None, statement["predicate"]["size"]), "dataset-size-mismatch")
    need(named.get("root") != root or sha256(payload).hex() == named["manifest"], "dataset-manifest-mismatch")
def check_approval(size, digest, facts):
    need(facts is not None, "dataset-unchecked")
    need(dataset := facts.get("dataset"), "dataset-unapproved")
    need("revokedAt" not in dataset, "dataset-revoked")
    need(size in (None, dataset["size"]), "dataset-size-mismatch")
    need(digest in (None, dataset["manifestDigest"]), "dataset-manifest-mismatch")
    return "dataset-approved" if dataset["isFinal"] else "dataset-not-final"
def check_content(bundle, record, trust, facts):
    """Model and dataset behind a record that names a model."""
    data = attempt(unbase64, bundle.get("modelManifest", ""))
    manifest = attempt(parse_model, data or b"")
    codes = [judge(check_manifest, data, manifest, record) if "modelManifest" in bundle else "model-manifest-missing",
             judge(check_registration, record, facts)]
    named = manifest["dataset"] if manifest else {}
    root, size, digest = record.get("datasetRoot", named.get("root")), record.get("datasetSize", named.get("size")), None
    if root is None:
        return codes
    keys = [unhex(key) for key in trust["custodians"]] if trust else []
    opened = attempt(open_envelope, bundle.get("datasetEnvelope", ""), DATASET_TYPE, keys)
    if opened is None:
        codes.append("dataset-envelope-malformed" if "datasetEnvelope" in bundle else "dataset-manifest-missing")
    else:
        codes.append(None if opened[1] else "dataset-signature-invalid" if keys else "dataset-custodians-unpinned")
        codes.append(judge(check_statement, opened[0], root, size, named))
        if statement := attempt(parse_dataset, opened[0]):
            size, digest = statement["predicate"]["size"], sha256(opened[0]).hex()
    return codes + [judge(check_approval, size, digest, facts)]
def check_disclosure(item, commitments):
    need(item["field"] in commitments, "disclosure-field-unknown")
    opening = attempt(lambda: commit(unhex(item["salt"]), item["field"], unbase64(item["value"])))
    need(opening and opening.hex() == commitments[item["field"]], "disclosure-mismatch")
def verify(data, trust, facts):
    """The codes of all findings, in the order of the checks."""
    bundle = attempt(parse_bundle, data)
    if bundle is None:
        return ["bundle-malformed"]
    raw = attempt(unbase64, bundle["record"]) or b""
    record = attempt(parse_record, raw)
    leaf = leaf_hash(raw) if record else None
    stated = bundle.get("leafHash", leaf and leaf.hex())
    checkpoint = attempt(lambda: parse_checkpoint(open_note(bundle["checkpoint"], [])[0]))
    pinned = facts if attempt(lambda: check_pins(facts, trust) or True) else None
    codes = ["record-malformed" if not record else "record-well-formed" if leaf.hex() == stated else "record-hash-mismatch",
             judge(check_inclusion, bundle, leaf, checkpoint),
             judge(check_checkpoint, bundle["checkpoint"], checkpoint and checkpoint[0], trust),
             judge(check_anchor, bundle, checkpoint, trust, facts)]
    if record and record["type"] in ("DETECTION", "SESSION_OPEN", "REFUSAL") and "modelVersion" in record:
        unread = record["type"] == "REFUSAL" and record.get("commitments", {}).keys() <= {"frame", "capturedAt"}
        found = check_content(bundle, record, *((None, None) if unread else (trust, pinned)))
        # Nothing was read in a refusal: what is shown must fit, and what is only missing is not asked for.
        codes += [code for code in found if not unread or code not in INCONCLUSIVE]
    opened = [judge(check_disclosure, item, record.get("commitments", {})) for item in bundle["disclosures"] if record]
    codes += opened if any(opened) else ["disclosures-open"] * bool(opened)
    return [code for code in codes if code]
def main():
    parser = argparse.ArgumentParser(description="Verifies Testigo evidence offline.")
    parser.add_argument("bundle", nargs="?", help="an evidence bundle")
    for name, text in (("trust", "JSON: registry, log keys and custodians to believe"),
                       ("facts", "JSON: what the registry shows, as somebody read it"),
                       ("vectors", "run the frozen vectors in this folder"), ("merkle", "run this testdata folder")):
        parser.add_argument(f"--{name}", help=text)
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    options = parser.parse_args()
    if options.vectors or options.merkle:
        import run_vectors
        return run_vectors.run(options.vectors, options.merkle)
    try:
        trust, facts = (p and json.loads(pathlib.Path(p).read_text("utf-8")) for p in (options.trust, options.facts))
        codes = verify(pathlib.Path(options.bundle or parser.error("name a bundle")).read_bytes(), trust, facts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        parser.error(f"cannot read the bundle, trust or facts: {error!r}")
    outcome = outcome_of(codes)
    print(json.dumps({"outcome": outcome, "findings": codes}) if options.json else "\n".join([*codes, outcome]))
    return EXIT_CODES[outcome]

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
