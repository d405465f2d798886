// How toncenter writes blocks, stacks, hashes and errors.
'use strict';

const { createHash } = require('node:crypto');
const { Address, Cell } = require('@ton/core');

const SHARD = '-9223372036854775808';
const MASTERCHAIN = -1;
const BASECHAIN = 0;

/** An answer that is an error: `status` is both the HTTP status and the `code` in the document. */
class WireError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const base64 = (cell) => cell.toBoc({ idx: false }).toString('base64');

/** Hashes of our blocks mean nothing but are stable: the same block always has the same one. */
const blockHash = (text) => createHash('sha256').update(text).digest('base64');

function blockId(workchain, seqno) {
  return {
    '@type': 'ton.blockIdExt',
    workchain,
    shard: SHARD,
    seqno,
    root_hash: blockHash(`root ${workchain} ${seqno}`),
    file_hash: blockHash(`file ${workchain} ${seqno}`),
  };
}

function transactionId(lt, hash) {
  const bytes = Buffer.from(hash.toString(16).padStart(64, '0'), 'hex');
  return { '@type': 'internal.transactionId', lt: lt.toString(), hash: bytes.toString('base64') };
}

function readAddress(text) {
  try {
    return Address.parse(text);
  } catch {
    throw new WireError(422, 'Incorrect address');
  }
}

function readCell(text, what) {
  try {
    return Cell.fromBase64(text);
  } catch {
    throw new WireError(422, `Invalid ${what}, base64 string expected`);
  }
}

/** A whole number that came as JSON number or, in a query, as text; undefined stays undefined. */
function readWhole(value, what) {
  if (value === undefined || value === null || value === '') return undefined;
  if (!/^-?\d{1,18}$/.test(String(value))) throw new WireError(422, `${what} must be a whole number`);
  return Number(value);
}

/** One stack argument, `[type, value]`, to the sandbox's tuple item. */
function readStackEntry(entry) {
  if (!Array.isArray(entry) || entry.length !== 2) throw new WireError(422, 'Expected 2 elements in stack entry');
  const [type, value] = entry;
  switch (type) {
    case 'num':
    case 'int':
    case 'number':
      return { type: 'int', value: readBigInt(value) };
    case 'tvm.Cell':
      return { type: 'cell', cell: readCell(value, type) };
    case 'tvm.Slice':
      return { type: 'slice', cell: readCell(value, type) };
    case 'cell':
    case 'slice':
      return { type, cell: readCell(value?.bytes, type) };
    default:
      throw new WireError(422, `Unsupported stack entry type: ${type}`);
  }
}

function readBigInt(value) {
  try {
    return BigInt(value);
  } catch {
    throw new WireError(422, 'Invalid number, integer expected');
  }
}

/** One stack result to `[type, value]`: numbers as hex, slices as "cell", as toncenter does. */
function writeStackEntry(item) {
  switch (item.type) {
    case 'int':
      return ['num', item.value < 0n ? `-0x${(-item.value).toString(16)}` : `0x${item.value.toString(16)}`];
    case 'cell':
    case 'slice':
    case 'builder':
      return ['cell', { bytes: base64(item.cell) }];
    case 'tuple':
      return ['tuple', { '@type': 'tvm.tuple', elements: item.items.map(writeTupleElement) }];
    case 'null':
      return ['list', { '@type': 'tvm.list', elements: [] }];
    default:
      return ['unsupported', ''];
  }
}

function writeTupleElement(item) {
  switch (item.type) {
    case 'int':
      return { '@type': 'tvm.stackEntryNumber', number: { '@type': 'tvm.numberDecimal', number: item.value.toString() } };
    case 'cell':
      return { '@type': 'tvm.stackEntryCell', cell: { '@type': 'tvm.cell', bytes: base64(item.cell) } };
    case 'slice':
      return { '@type': 'tvm.stackEntrySlice', slice: { '@type': 'tvm.slice', bytes: base64(item.cell) } };
    default:
      return { '@type': 'tvm.stackEntryUnsupported' };
  }
}

module.exports = {
  BASECHAIN,
  MASTERCHAIN,
  WireError,
  base64,
  blockHash,
  blockId,
  readAddress,
  readBigInt,
  readCell,
  readStackEntry,
  readWhole,
  transactionId,
  writeStackEntry,
};
