/** The registry's events as plain data: hashes and addresses are 0x-prefixed lowercase or checksummed hex. */
export type RegistryEvents = {
  DatasetApproved: { datasetRoot: string; custodian: string; manifestDigest: string; size: bigint };
  DatasetRevoked: { datasetRoot: string; by: string; reason: string };
  ModelRegistered: { modelVersion: string; datasetRoot: string; publisher: string };
  ModelRevoked: { modelVersion: string; datasetRoot: string; by: string; reason: string };
  LogOpened: { logId: string; key: string; checkpointKey: string; maxSilenceSeconds: bigint; origin: string };
  LogFrozen: { logId: string; by: string; reason: string };
  Anchored: { logId: string; modelVersion: string; root: string; size: bigint; count: bigint };
  RotationScheduled: { logId: string; newKey: string; newCheckpointKey: string; dueAt: bigint };
  RotationCancelled: { logId: string; newKey: string };
  KeyRotated: { logId: string; oldKey: string; newKey: string; checkpointKey: string };
  DetectionRecorded: { leaf: string; modelVersion: string; datasetRoot: string; recorder: string };
  VerdictPublished: { subject: string; outcome: bigint; auditor: string; kind: bigint; reportDigest: string };
};
export type RegistryEventName = keyof RegistryEvents;

/** What the node itself can filter by: the indexed fields. */
type IndexedFields = {
  DatasetApproved: 'datasetRoot' | 'custodian' | 'manifestDigest';
  DatasetRevoked: 'datasetRoot' | 'by';
  ModelRegistered: 'modelVersion' | 'datasetRoot' | 'publisher';
  ModelRevoked: 'modelVersion' | 'datasetRoot' | 'by';
  LogOpened: 'logId' | 'key';
  LogFrozen: 'logId' | 'by';
  Anchored: 'logId' | 'modelVersion' | 'root';
  RotationScheduled: 'logId' | 'newKey';
  RotationCancelled: 'logId' | 'newKey';
  KeyRotated: 'logId' | 'oldKey' | 'newKey';
  DetectionRecorded: 'leaf' | 'modelVersion' | 'datasetRoot';
  VerdictPublished: 'subject' | 'outcome' | 'auditor';
};

/** Fields to match; several values of one field mean any of them, several fields mean all of them. */
export type EventFilter<N extends RegistryEventName> = {
  readonly [F in IndexedFields[N] & keyof RegistryEvents[N]]?:
    | FilterValue<RegistryEvents[N][F]>
    | readonly FilterValue<RegistryEvents[N][F]>[];
};
type FilterValue<T> = T extends bigint ? bigint | number : T;

/** Where in the chain an event stands. */
export type EventPosition = {
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: number;
};

export type RegistryEvent<N extends RegistryEventName> = EventPosition & { readonly args: RegistryEvents[N] };
