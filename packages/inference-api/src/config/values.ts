import ipaddr from 'ipaddr.js';
import { z } from 'zod';

export const milliseconds = z.int().min(1);
export const token = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, 'a short lowercase token such as fraud-detection');
export const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes in lowercase hex`);
export const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'a contract address');

export const accountKey = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
export const cidr = z.string().refine((text) => ipaddr.isValidCIDR(text), 'a network such as 10.1.0.0/16');
