import { post } from './http.ts';

export const sessionTerms = () => ({
  purpose: 'fraud-detection',
  legalBasis: 'consent',
  deployer: 'example-bank',
  notice: 'notice-2026-11',
  noticeShownAtMs: Date.now() - 2_000,
  consentGivenAtMs: Date.now() - 1_000,
  subjectRole: 'customer',
  roles: ['customer', 'agent'],
});

export const openTestSession = async (
  url: string,
  headers: Record<string, string> = {},
  terms: { readonly deployer?: string } = {},
): Promise<string> => {
  const { status, body } = await post(`${url}/v1/sessions`, { ...sessionTerms(), ...terms }, headers);
  if (status !== 201) throw new Error(`no session: ${JSON.stringify(body)}`);
  return body.sessionId as string;
};
