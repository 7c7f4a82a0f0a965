import { z } from 'zod';
import { tenantOf } from '../../auth/principal.ts';
import type { WhipService } from '../../webrtc/whip-service.ts';
import { defineOperation } from '../operation.ts';
import { idSchema } from '../schemas.ts';

const SDP = 'application/sdp';
const sessionParams = z.object({ id: idSchema });
const peerParams = z.object({ id: idSchema, peerId: idSchema });

/** The lines of a session description (RFC 8866 section 5): what does not begin so is none. */
const offerSchema = z
  .string()
  .regex(/^v=0\r?\n/, 'a session description: it begins with v=0')
  .max(65_536);

export const whipOperations = (whip: WhipService) => [
  defineOperation({
    id: 'openWhip',
    method: 'post',
    path: '/v1/sessions/:id/whip',
    tag: 'Streams',
    scope: 'detect',
    summary: 'Opens the session to a WebRTC sender by WHIP (RFC 9725): an SDP offer in, the answer out.',
    params: sessionParams,
    body: offerSchema,
    takesText: SDP,
    replies: {
      201: { description: 'The SDP answer; Location names what DELETE ends.', contentType: SDP },
    },
    errors: ['offer-unfit', 'webrtc-unavailable', 'session-unknown', 'session-closed', 'overloaded'],
    handle: async ({ params, body, context }) => {
      const { deployer, isCurrent } = context.principal;
      const tenant = tenantOf(context.principal);
      const caller = {
        sessionId: params.id,
        deployer,
        tenant,
        isCurrent,
        traceId: context.traceId,
        trace: context.trace,
      };
      const { id, answer } = await whip.open(body, caller);
      const headers = { Location: `/v1/sessions/${params.id}/whip/${id}` };
      return { status: 201, body: answer, contentType: SDP, headers };
    },
  }),
  defineOperation({
    id: 'endWhip',
    method: 'delete',
    path: '/v1/sessions/:id/whip/:peerId',
    tag: 'Streams',
    scope: 'detect',
    summary: 'Ends a WebRTC sender. The session stays open.',
    params: peerParams,
    replies: { 200: { description: 'Ended; every frame that was accepted is on record.' } },
    errors: ['not-found'],
    handle: async ({ params, context }) => {
      const { deployer } = context.principal;
      await whip.end(params.peerId, { sessionId: params.id, deployer });
      return { status: 200 };
    },
  }),
];
