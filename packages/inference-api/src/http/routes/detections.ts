import { encodeRecord, hashLeaf, toHex } from '@testigo/trail';
import type { DetectionService, RecordedReading } from '../../reading/detection-service.ts';
import type { AnchoringView } from '../../records/anchoring-view.ts';
import { presentAnchoring, presentReceipt } from '../../records/present.ts';
import { defineOperation } from '../operation.ts';
import { detectionSchema, pictureSchema } from '../schemas.ts';

export type DetectionRouteParts = {
  readonly service: DetectionService;
  readonly anchoring: AnchoringView;
  readonly model: {
    readonly labels: readonly string[];
    readonly modelVersion: string;
    readonly datasetRoot: string;
  };
};

export const presentDetection = async (
  { anchoring, model }: DetectionRouteParts,
  recorded: RecordedReading,
) => {
  const { reading, receipt, session, sequence, record } = recorded;
  return {
    ...presentReceipt(receipt),
    sessionId: session.id,
    sequence,
    recordHash: toHex(hashLeaf(encodeRecord(record))),
    label: reading.label,
    confidencePpm: reading.confidencePpm,
    scoresPpm: Object.fromEntries(model.labels.map((label, i) => [label, reading.scoresPpm[i]])),
    box: reading.box,
    ...(reading.conformal
      ? { conformalSet: reading.conformal.set, abstained: reading.conformal.isAbstained }
      : {}),
    modelVersion: model.modelVersion,
    datasetRoot: model.datasetRoot,
    anchoring: presentAnchoring(await anchoring.statusOf(receipt.leafIndex)),
  };
};

export const detectionOperations = (parts: DetectionRouteParts) => [
  defineOperation({
    id: 'createDetection',
    method: 'post',
    path: '/v1/detections',
    tag: 'Detections',
    scope: 'detect',
    isIdempotent: true,
    takesMultipart: true,
    summary: 'Reads the emotion of the one face in a picture, and records it.',
    body: pictureSchema,
    replies: {
      201: {
        description: 'The reading, its record and the proof that it is in the log.',
        schema: detectionSchema,
      },
    },
    errors: [
      'image-unsupported',
      'image-too-large',
      'image-unreadable',
      'no-face',
      'face-too-small',
      'light-unfit',
      'face-blurred',
      'face-turned',
      'several-faces',
      'notice-missing',
      'clock-skew',
      'personal-data',
      'session-unknown',
      'session-closed',
      'subject-erased',
      'model-not-registered',
      'model-revoked',
      'dataset-not-approved',
      'dataset-revoked',
      'registry-unreachable',
      'overloaded',
      'log-overloaded',
      'log-unavailable',
    ],
    handle: async ({ body, context }) => {
      const recorded = await parts.service.detect({
        picture: Buffer.from(body.image, 'base64'),
        sessionId: body.sessionId,
        capturedAtMs: body.capturedAtMs,
        sentAtMs: body.sentAtMs,
        deployer: context.principal.deployer,
      });
      const reply = await presentDetection(parts, recorded);
      return { status: 201, body: reply, headers: { Location: `/v1/records/${reply.recordId}` } };
    },
  }),
];
