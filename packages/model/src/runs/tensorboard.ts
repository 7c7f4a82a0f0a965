import { bytesField, concatBytes, doubleField, floatField, integerField, message } from '../protobuf.ts';
import type { EpochMetrics } from './charts.ts';

/** CRC-32C (Castagnoli), bit by bit reflected: RFC 3720, appendix B.4. */
export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
};

/** TensorFlow's masked checksum (tsl/lib/hash/crc32c.h): rotated right by 15 bits, plus a constant. */
const maskedCrc = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** A TFRecord: u64 length, its checksum, the data, their checksum (tsl/lib/io/record_writer.h). */
const encodeRecord = (data: Uint8Array): Uint8Array => {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(head.subarray(0, 8)), true);
  const tail = new Uint8Array(4);
  new DataView(tail.buffer).setUint32(0, maskedCrc(data), true);
  return concatBytes([head, data, tail]);
};

/** Tags as Keras' TensorBoard callback names them, so that runs of both lie in one chart. */
const TAGS: Readonly<Record<Exclude<keyof EpochMetrics, 'epoch'>, string>> = {
  loss: 'epoch_loss',
  accuracy: 'epoch_accuracy',
  validationLoss: 'validation/epoch_loss',
  validationAccuracy: 'validation/epoch_accuracy',
  learningRate: 'epoch_learning_rate',
  robustAccuracy: 'validation/epoch_pgd10_accuracy',
};

/** Event: wall_time 1 (seconds), step 2, file_version 3, summary 5; Summary.Value: tag 1, simple_value 2. */
export const encodeEpochEvent = (metrics: EpochMetrics, wallSeconds: number): Uint8Array => {
  const values = Object.entries(TAGS).flatMap(([key, tag]) => {
    const value = metrics[key as keyof typeof TAGS];
    const isSaid = value !== undefined && !Number.isNaN(value);
    return isSaid ? [bytesField(1, message(bytesField(1, tag), floatField(2, value)))] : [];
  });
  return encodeRecord(
    message(doubleField(1, wallSeconds), integerField(2, metrics.epoch), bytesField(5, message(...values))),
  );
};

/** What an event file begins with. */
export const encodeVersionEvent = (wallSeconds: number): Uint8Array =>
  encodeRecord(message(doubleField(1, wallSeconds), bytesField(3, 'brain.Event:2')));
