/** Looks again until it holds. @throws Error after 20 seconds */
export const waitFor = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never came to hold');
};
