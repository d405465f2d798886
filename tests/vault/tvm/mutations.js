// The contract broken one line at a time, and for each break the cases that must notice it.
"use strict";

const at = (find, replace, ...killedBy) => ({ find, replace, killedBy });
const claims = (name) => ["claims", name];
const bounces = (name) => ["bounces", name];
const orders = (name) => ["orders", name];
const limits = (name) => ["limits", name];
const without = (line, ...killedBy) => at(line, "", ...killedBy);

module.exports = {
  "the network is not checked": without(
    "    assert (currentNetworkId() == st.networkId) throw ERR_NETWORK;",
    claims("a vault made for another network pays nothing")),
  "pause is not checked": without(
    "    assert (!st.paused) throw ERR_PAUSED;", claims("a paused vault pays nothing until it is resumed")),
  "expiry is not checked": without(
    "    assert (now <= claim.validUntil) throw ERR_EXPIRED;",
    claims("a claim is paid in the second of validUntil and not one later")),
  "the second of validUntil is too late": at(
    "assert (now <= claim.validUntil)", "assert (now < claim.validUntil)",
    claims("a claim is paid in the second of validUntil and not one later")),
  "a claim may be valid for ever": without(
    "    assert (claim.validUntil <= now + MAX_VALIDITY_S) throw ERR_VALID_TOO_LONG;",
    claims("a claim valid for more than an hour ahead is refused")),
  "nothing can be claimed": without(
    "    assert (claim.amount > 0) throw ERR_AMOUNT;", claims("a claim of nothing is refused")),
  "anybody may send a claim": without(
    "    assert (sender == claim.to) throw ERR_SENDER;", claims("only the recipient can send a claim")),
  "recipients may live anywhere": without(
    "    assert (claim.to.getWorkchain() == BASECHAIN) throw ERR_WORKCHAIN;",
    claims("a recipient outside workchain 0 is refused")),
  "any value will do": at(
    "    assert (value >= MIN_TRANSFER_VALUE) throw ERR_VALUE;\n    assert (claim", "    assert (claim",
    claims("a claim with too few coins attached is refused")),
  "no cap of one claim": without(
    "    assert (claim.amount <= st.perClaimCap) throw ERR_CLAIM_CAP;",
    claims("a claim above the cap of one claim is refused")),
  "no cap of one day": without(
    "    assert (st.daySpent <= st.perDayCap) throw ERR_DAY_CAP;", claims("claims of one day stop at the day's cap")),
  "the day never rolls": at(
    "if (st.day != today) {", "if (false) {",
    claims("the day's total starts anew at midnight UTC and not a second before")),
  "every claim opens a new day": at(
    "if (st.day != today) {", "if (true) {", claims("claims of one day stop at the day's cap")),
  "the seqno is not checked": without(
    "    assert (claim.seqno == expected) throw ERR_SEQNO;",
    claims("a claim executes once and its copy is refused"),
    claims("a seqno that is not the last plus one is refused")),
  "a seqno may skip": at(
    "assert (claim.seqno == expected)", "assert (claim.seqno >= expected)",
    claims("a seqno that is not the last plus one is refused")),
  "the seqno is not written": without(
    "    st.lastSeqno.set(claim.to, claim.seqno);", claims("a claim executes once and its copy is refused")),
  "the signature is not checked": at(
    "if (!isSignatureValid(hash, claim.signature as slice, st.oracleKey)) {", "if (false) {",
    claims("a claim with any field changed after signing changes nothing"),
    claims("a signature with one bit changed, or by another key, changes nothing")),
  "the payload forgets the vault": at(
    "vault: contract.getAddress(),", "vault: jetton.master,",
    claims("a claim with any field changed after signing changes nothing")),
  "the payload forgets the amount": at(
    "        amount: claim.amount,\n        seqno: claim.seqno,\n        validUntil", "        amount: 10,\n        seqno: claim.seqno,\n        validUntil",
    claims("the jettons that left are the sum of the claims that executed")),
  "the second key needs no grace": without(
    "        assert (now <= previous.validUntil) throw ERR_SIGNATURE;",
    claims("before the first rotation no second key is accepted, not even the empty one"),
    orders("a replaced key is good until the last second of its grace and not after")),
  "the last second of a grace is too late": at(
    "assert (now <= previous.validUntil)", "assert (now < previous.validUntil)",
    orders("a replaced key is good until the last second of its grace and not after")),
  "in a grace anything goes": without(
    "        assert (isSignatureValid(hash, claim.signature as slice, previous.key)) throw ERR_SIGNATURE;",
    orders("in a grace a third key is still refused")),
  "the vault pays for the transfer": at(
    "reserveToncoinsOnBalance(RENT_SHARE, RESERVE_MODE_INCREASE_BY_ORIGINAL_BALANCE);",
    "reserveToncoinsOnBalance(MIN_RESERVE, RESERVE_MODE_EXACT_AMOUNT);",
    claims("a claim never lowers the vault's coins, paid or refused")),
  "no rent is kept": at(
    "reserveToncoinsOnBalance(RENT_SHARE,", "reserveToncoinsOnBalance(0,",
    claims("a claim never lowers the vault's coins, paid or refused")),
  "the change goes to the vault": at(
    "askToTransfer(claim.seqno, claim.amount, claim.to, claim.to)",
    "askToTransfer(claim.seqno, claim.amount, claim.to, contract.getAddress())",
    claims("what a claim does not need goes back to the player")),
  "any number of recipients": without(
    "        assert (st.recipients < MAX_RECIPIENTS) throw ERR_FULL;",
    limits("at the limit a new recipient is refused and a known one is paid")),
  "recipients are not counted": without(
    "        st.recipients += 1;", limits("at the limit a new recipient is refused and a known one is paid")),
  "a claim is not returned": at(
    "bounce: BounceMode.RichBounceOnlyRootCell", "bounce: BounceMode.NoBounce",
    bounces("a transfer that came back restores the seqno, the entry and the day's total")),
  "a bounce from anybody is believed": without(
    "    assert (sender == wallet!) throw ERR_FOREIGN_BOUNCE;",
    bounces("a bounce from anybody but the vault's jetton wallet changes nothing")),
  "without a wallet a bounce is looked at": without(
    "    assert (wallet != null) throw ERR_FOREIGN_BOUNCE;", bounces("before a jetton wallet is set no bounce is believed")),
  "a bounce undoes whatever seqno there is": at(
    "if (last.isFound && last.loadValue() == transfer.queryId) {", "if (last.isFound) {",
    bounces("a bounce of claim n after n+1 executed leaves the seqno and gives the day its amount back")),
  "a bounce keeps the first entry": at(
    "if (transfer.queryId == 1) {", "if (transfer.queryId == 0) {",
    bounces("a transfer that came back restores the seqno, the entry and the day's total")),
  "a bounce counts against any day": at(
    "if (rich.originalInfo.load().createdAt / DAY_S == st.day) {", "if (true) {",
    bounces("a bounce after midnight does not widen the new day's cap")),
  "a bounce leaves the day's total": without(
    "        st.daySpent -= transfer.amount;",
    bounces("a transfer that came back restores the seqno, the entry and the day's total")),
  "a bounce is not written": at(
    "    st.save();\n\n    // The player's coins", "\n    // The player's coins",
    bounces("a transfer that came back restores the seqno, the entry and the day's total")),
  "a bounce's coins stay": without(
    "    reserveToncoinsOnBalance(0, RESERVE_MODE_INCREASE_BY_ORIGINAL_BALANCE | RESERVE_MODE_AT_MOST);\n",
    bounces("a transfer that came back costs the vault no coin and returns the player's")),
  "anybody is the owner": at(
    "assert (sender == st.roles.load().owner) throw ERR_NOT_AUTHORISED;", "",
    orders("a stranger can give no order")),
  "the guardian may resume": at(
    "(msg.paused && sender == roles.guardian)", "sender == roles.guardian",
    orders("the guardian can pause and give no other order")),
  "a rotation leaves the old key for ever": at(
    "blockchain.now() + min(msg.graceSeconds, MAX_VALIDITY_S)", "0xffffffff",
    orders("a replaced key is good until the last second of its grace and not after"), orders("a grace is at most an hour")),
  "an emergency leaves a grace": at(
    "PreviousOracle { key: 0, validUntil: 0 }", "PreviousOracle { key: st.oracleKey, validUntil: blockchain.now() + 60 }",
    orders("with grace 0 the replaced key is refused at once")),
  "a repeated rotation forgets the old key": at(
    "} else if (msg.newKey != st.oracleKey) {", "} else {",
    orders("repeating a rotation neither cuts nor prolongs the grace")),
  "weak keys are taken": without(
    "    assert (!isWeakKey(msg.newKey)) throw ERR_WEAK_KEY;", orders("a key under which anybody can sign is refused")),
  "a weak key with its sign bit set is taken": at(
    "val y = key & ~SIGN_BIT;", "val y = key;", orders("a key under which anybody can sign is refused")),
  "the wallet can be set again": without(
    "    assert (jetton.wallet == null) throw ERR_WALLET_SET;", orders("the jetton wallet is set once")),
  "anybody may accept": without(
    "    assert (sender == roles.pendingOwner!) throw ERR_NOT_AUTHORISED;",
    orders("a new owner has the say only after accepting, and then alone")),
  "an accepted proposal stays": without(
    "    roles.pendingOwner = null;", orders("a new owner has the say only after accepting, and then alone")),
  "a withdrawal of jettons may bounce": at(
    "    createMessage({\n        bounce: BounceMode.NoBounce,\n        value: 0,\n        dest: wallet!,",
    "    createMessage({\n        bounce: BounceMode.RichBounceOnlyRootCell,\n        value: 0,\n        dest: wallet!,",
    orders("a withdrawal of more jettons than there are moves none and is not taken for a claim")),
  "a withdrawal of jettons takes the vault's coins": at(
    "SEND_MODE_CARRY_ALL_REMAINING_MESSAGE_VALUE", "SEND_MODE_CARRY_ALL_BALANCE",
    orders("a withdrawal of jettons moves just that and costs the vault no coin")),
  "a withdrawal of coins leaves nothing": without(
    "    assert (left >= reserveFor(st.recipients)) throw ERR_RESERVE;",
    orders("a withdrawal of coins leaves the reserve, to the last nanoton")),
  "the reserve counts the message's own coins": at(
    "contract.getOriginalBalance() - value - msg.amount", "contract.getOriginalBalance() - msg.amount",
    orders("a withdrawal of coins leaves the reserve, to the last nanoton")),
  "the reserve forgets the recipients": at(
    "BASE_CELLS + recipients * RECIPIENT_CELLS", "BASE_CELLS",
    orders("the reserve grows with the recipients whose rent it is")),
  "the reserve forgets the rent": at(
    "return MIN_RESERVE + calculateStorageFee(", "return MIN_RESERVE + 0 * calculateStorageFee(",
    limits("a year of rent is paid out of the reserve")),
  "any message is a top-up": at(
    "assert (in.body.isEmpty()) throw ERR_UNKNOWN_MESSAGE", "{}",
    orders("a message the vault does not know goes back with its coins")),
  "a claim is read lazily": at(
    "payClaim(RewardClaim.fromSlice(in.body),", "payClaim(RewardClaim.fromSlice(in.body, { assertEndAfterReading: false }),",
    claims("a claim with one bit or one reference too many or too few changes nothing")),
  "an order is read lazily": at(
    "setCaps(SetCaps.fromSlice(in.body),", "setCaps(SetCaps.fromSlice(in.body, { assertEndAfterReading: false }),",
    orders("an order with one bit or one reference too many changes nothing")),
  "the signature cell may hold more": at(
    "        inner.assertEnd();\n", "",
    claims("a claim with one bit or one reference too many or too few changes nothing")),
  "an inline signature is not read": at(
    "if (s.remainingRefsCount() == 0) {", "if (s.remainingRefsCount() == 4) {",
    claims("a signature inline and one in a reference do the same")),
};
