export type { AnchorFact, ChainAnswer, DatasetFact, ModelFact, RegistryFacts } from './chain/facts.ts';
export { AUDIT_ERRORS, AuditError, type AuditErrorCode } from './errors.ts';
export { FINDINGS, type FindingCode, isFindingCode, makeFinding } from './findings/table.ts';
export { buildReport, type ReportInput } from './report/build-report.ts';
export { FORMATS, type Format, formatReport } from './report/format.ts';
export { type AuditReport, REPORT_VERSION } from './report/report.ts';
export { parseTrustFile, type Trust, trustFileSchema } from './trust/trust-file.ts';
export { type EvidenceInput, verifyEvidence } from './verify/verify-evidence.ts';
