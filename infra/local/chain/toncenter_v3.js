// toncenter's index API v3, as far as a backend needs it: the jetton transfers of an owner.
'use strict';

const { WireError, base64, readAddress, readWhole } = require('./wire');

const MAX_LIMIT = 1000;

/** GET /api/v3/jetton/transfers: filtered, newest first unless `sort=asc`, as far as the provider's head has seen. */
function jettonTransfers({ chain, provider }, query) {
  const owners = query.getAll('owner_address').map(readAddress);
  const master = query.has('jetton_master') ? readAddress(query.get('jetton_master')) : undefined;
  const direction = query.get('direction') ?? 'both';
  const startS = readWhole(query.get('start_utime'), 'start_utime') ?? 0;
  const endS = readWhole(query.get('end_utime'), 'end_utime') ?? Infinity;
  const limit = readWhole(query.get('limit'), 'limit') ?? 10;
  const offset = readWhole(query.get('offset'), 'offset') ?? 0;
  if (!['both', 'in', 'out'].includes(direction)) throw new WireError(422, 'direction must be in or out');
  if (limit < 1 || limit > MAX_LIMIT || offset < 0) throw new WireError(422, `limit must be 1 to ${MAX_LIMIT}`);

  const isOwners = (address) => owners.some((owner) => owner.equals(address));
  const isWanted = (transfer) =>
    owners.length === 0 ||
    (direction !== 'in' && isOwners(transfer.owner)) ||
    (direction !== 'out' && isOwners(transfer.destination));
  const found = chain.transfers.all
    .filter((transfer) => transfer.entry.seqno <= provider.headSeqno && isWanted(transfer))
    .filter((transfer) => master === undefined || transfer.master.equals(master))
    .filter(({ entry }) => entry.timeS >= startS && entry.timeS <= endS);
  if (query.get('sort') !== 'asc') found.reverse();
  const page = found.slice(offset, offset + limit);
  return { jetton_transfers: page.map(writeTransfer), address_book: {}, metadata: {} };
}

/** v3 writes raw addresses with upper-case hex. */
const upper = (address) => (address ? address.toRawString().toUpperCase() : null);

function writeTransfer(transfer) {
  const { entry } = transfer;
  return {
    query_id: transfer.queryId.toString(),
    source: upper(transfer.owner),
    destination: upper(transfer.destination),
    amount: transfer.amount.toString(),
    source_wallet: upper(entry.address),
    jetton_master: upper(transfer.master),
    transaction_hash: entry.hash.toString('base64'),
    transaction_lt: entry.lt.toString(),
    transaction_now: entry.timeS,
    transaction_aborted: entry.isAborted,
    response_destination: upper(transfer.responseDestination),
    custom_payload: transfer.customPayload ? base64(transfer.customPayload) : null,
    forward_ton_amount: transfer.forwardNano.toString(),
  };
}

module.exports = { jettonTransfers };
