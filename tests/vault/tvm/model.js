// Random sequences of claims, orders, time and returned transfers against a small model of the vault.
//
// Transfers are delivered one by one in random order, so that claims, pauses, rotations and midnights
// fall between a claim and its bounce. After every message the model must know the vault's exit code
// and its whole visible state.
"use strict";
const assert = require("node:assert/strict");
const { Chance } = require("./chance.js");
const { DAY_S, EXIT, World, claimBody, internal, key, keyNumber, order, phase, toNano } = require("./world.js");

const MESSAGES = process.env.ARENA_TEST_FULL === "1" ? 5_000 : 500;
const MAX_RECIPIENTS = 16_384;
const PLAYERS = ["alice", "bob", "stranger", "guardian"];
const PEOPLE = ["owner", ...PLAYERS];

/** What the vault should be: names for people, numbers of keys for keys. */
class Model {
  constructor(now) {
    Object.assign(this, {
      now, paused: false, key: 1, previousKey: 0, previousUntil: 0, perClaim: 1_000n, perDay: 3_000n, day: 0, spent: 0n,
      recipients: MAX_RECIPIENTS - 3, seqno: {}, owner: "owner", pending: null, guardian: "guardian",
      inventory: 2_000n, paid: Object.fromEntries(PEOPLE.map((name) => [name, 0n])),
    });
  }

  claim({ to, from, amount, seqno, validUntil, signedBy, value }) {
    const known = this.seqno[to] !== undefined;
    const mayBeSigned = signedBy === this.key || (this.now <= this.previousUntil && signedBy === this.previousKey);
    const today = Math.floor(this.now / DAY_S);
    const spent = (this.day === today ? this.spent : 0n) + amount;
    if (this.paused) return EXIT.PAUSED;
    if (this.now > validUntil) return EXIT.EXPIRED;
    if (validUntil > this.now + 3600) return EXIT.VALID_TOO_LONG;
    if (amount === 0n) return EXIT.AMOUNT;
    if (from !== to) return EXIT.SENDER;
    if (value < toNano("0.08")) return EXIT.VALUE;
    if (amount > this.perClaim) return EXIT.CLAIM_CAP;
    if (!known && this.recipients >= MAX_RECIPIENTS) return EXIT.FULL;
    if (seqno !== (this.seqno[to] ?? 0n) + 1n) return EXIT.SEQNO;
    if (!mayBeSigned) return EXIT.SIGNATURE;
    if (spent > this.perDay) return EXIT.DAY_CAP;
    if (!known) this.recipients += 1;
    Object.assign(this, { day: today, spent });
    this.seqno[to] = seqno;
    return 0;
  }

  bounce({ to, amount, seqno, executedOn }) {
    if (this.seqno[to] === seqno) {
      if (seqno === 1n) {
        delete this.seqno[to];
        this.recipients -= 1;
      } else {
        this.seqno[to] = seqno - 1n;
      }
    }
    if (executedOn === this.day) this.spent -= amount;
  }

  setPaused(from, paused) {
    if (from !== this.owner && !(paused && from === this.guardian)) return EXIT.NOT_AUTHORISED;
    this.paused = paused;
    return 0;
  }

  acceptOwner(from) {
    if (this.pending === null || from !== this.pending) return EXIT.NOT_AUTHORISED;
    Object.assign(this, { owner: from, pending: null });
    return 0;
  }

  /** Any order only the owner may give: `effect` happens, or answers with its own refusal. */
  owned(from, effect) {
    return from === this.owner ? (effect() ?? 0) : EXIT.NOT_AUTHORISED;
  }

  rotate(newKey, graceS) {
    if (graceS === 0) Object.assign(this, { previousKey: 0, previousUntil: 0 });
    else if (newKey !== this.key) {
      Object.assign(this, { previousKey: this.key, previousUntil: this.now + Math.min(graceS, 3600) });
    }
    this.key = newKey;
  }
}

class Run {
  static async start(chance) {
    const run = new Run();
    run.chance = chance;
    run.world = await World.create({ inventory: 2_000n });
    await run.world.placeVault({ recipients: MAX_RECIPIENTS - 3 }, toNano("100"));
    run.model = new Model(run.world.bc.now);
    run.flying = []; // transfers on their way to the jetton wallet or back
    run.sent = []; // claims to replay
    run.counts = {};
    run.messages = 0;
    return run;
  }

  address(name) {
    return this.world[name].address;
  }

  /** One message to the vault, by what it was and how the vault answered. */
  count(what, exit) {
    this.messages += 1;
    this.counts[`${what} ${exit}`] = (this.counts[`${what} ${exit}`] ?? 0) + 1;
  }

  async deliver(from, body, value) {
    const message = internal({ from: this.address(from), to: this.world.vault, value, body, bounce: true });
    return this.world.bc.sendMessageIter(message, { allowParallel: true });
  }

  /** Runs the next transaction of `steps`, having checked that a claim or bounce took no coin of the vault. */
  async step(steps) {
    const { value: tx } = await steps.next();
    return { tx, ...phase(tx) };
  }

  async finish(steps) {
    for (let each = await steps.next(); !each.done; each = await steps.next());
  }

  async keepsCoins(action) {
    const before = await this.world.balance();
    const result = await action();
    const rent = result.tx.description.storagePhase?.storageFeesCollected ?? 0n;
    assert.ok((await this.world.balance()) >= before - rent, "a claim or a bounce took coins of the vault");
    return result;
  }

  anyClaim() {
    const { chance, model } = this;
    if (this.sent.length > 0 && chance.is(0.08)) return { ...chance.of(this.sent) };
    const to = chance.of(PLAYERS);
    const now = model.now;
    return {
      to,
      from: chance.is(0.95) ? to : chance.of(PEOPLE),
      amount: chance.weighted([[10, BigInt(1 + chance.below(600))], [1, 0n], [1, model.perClaim], [1, model.perClaim + 1n]]),
      seqno: (model.seqno[to] ?? 0n) + chance.weighted([[12, 1n], [1, 0n], [1, 2n]]),
      validUntil: now + chance.weighted([[10, 600], [1, 0], [1, -1], [2, 3600], [1, 3601]]),
      signedBy: chance.weighted([[8, model.key], [2, model.previousKey || 9], [1, 9]]),
      value: toNano(chance.weighted([[8, "0.1"], [2, "0.08"], [1, "0.0799"]])),
    };
  }

  async claim() {
    const claim = this.anyClaim();
    const signed = this.world.claimOf({ address: this.address(claim.to) }, claim.amount, claim.seqno, { validUntil: claim.validUntil });
    const body = claimBody(signed, this.world.signed(signed, key(claim.signedBy)), { inline: this.chance.is(0.2) });
    const expected = this.model.claim(claim);
    const steps = await this.deliver(claim.from, body, claim.value);
    const { exit } = await this.keepsCoins(() => this.step(steps));
    assert.equal(exit, expected);
    this.count("claim", exit);
    this.sent.push(claim);
    if (exit === 0) this.flying.push({ ...claim, steps, stage: "out", executedOn: this.model.day });
    else await this.finish(steps);
  }

  async fly() {
    if (this.flying.length === 0) return;
    const index = this.chance.below(this.flying.length);
    const flight = this.flying[index];
    if (flight.stage === "out") {
      const { exit } = await this.step(flight.steps);
      const isPaid = flight.amount <= this.model.inventory;
      assert.equal(exit === 0, isPaid);
      if (isPaid) {
        this.model.inventory -= flight.amount;
        this.model.paid[flight.to] += flight.amount;
      } else {
        flight.stage = "back";
        return;
      }
    } else {
      const { exit } = await this.keepsCoins(() => this.step(flight.steps));
      assert.equal(exit, 0);
      this.model.bounce(flight);
      this.count("bounce", this.model.seqno[flight.to] === flight.seqno - 1n ? "undone" : "settled");
    }
    await this.finish(flight.steps);
    this.flying.splice(index, 1);
  }

  async order() {
    const { chance, model, world } = this;
    const from = chance.is(0.7) ? model.owner : chance.of(PEOPLE);
    const name = chance.of(PEOPLE);
    const paused = chance.is(0.2);
    const [newKey, graceS] = [1 + chance.below(4), chance.of([0, 50, 3_000, 5_000])];
    const [perClaim, perDay] = [BigInt(200 + chance.below(1_000)), BigInt(500 + chance.below(4_000))];
    const amount = BigInt(chance.below(300));
    const coins = chance.of([0n, 1_000n, toNano("1000")]);
    const [what, body, expected] = chance.weighted([
      [4, () => ["pause", order.setPaused(paused), model.setPaused(from, paused)]],
      [3, () => ["rotate", order.setOracle(keyNumber(key(newKey)), graceS), model.owned(from, () => model.rotate(newKey, graceS))]],
      [2, () => ["caps", order.setCaps(perClaim, perDay), model.owned(from, () => void Object.assign(model, { perClaim, perDay }))]],
      [1, () => ["wallet", order.setJettonWallet(this.address(name)), model.owned(from, () => EXIT.WALLET_SET)]],
      [1, () => ["propose", order.proposeOwner(this.address(name)), model.owned(from, () => void Object.assign(model, { pending: name }))]],
      [1, () => ["accept", order.acceptOwner(), model.acceptOwner(from)]],
      [1, () => ["guardian", order.setGuardian(this.address(name)), model.owned(from, () => void Object.assign(model, { guardian: name }))]],
      [2, () => ["jettons", order.withdrawJettons(amount, this.address(name), chance.below(9)), model.owned(from, () => this.takeJettons(name, amount))]],
      [2, () => ["coins", order.withdrawTon(coins, this.address(name)), model.owned(from, () => [EXIT.AMOUNT, 0, EXIT.RESERVE][[0n, 1_000n, toNano("1000")].indexOf(coins)])]],
    ])();
    const message = internal({ from: this.address(from), to: world.vault, value: toNano("0.1"), body, bounce: true });
    const { transactions } = await world.bc.sendMessage(message);
    assert.equal(phase(transactions[0]).exit, expected, what);
    this.count(what, expected);
  }

  takeJettons(to, amount) {
    if (amount === 0n) return EXIT.AMOUNT;
    if (amount <= this.model.inventory) {
      this.model.inventory -= amount;
      this.model.paid[to] += amount;
    }
    return 0;
  }

  async supply() {
    const amount = BigInt(1 + this.chance.below(900));
    await this.world.mint(this.world.vault, amount);
    this.model.inventory += amount;
  }

  pass() {
    const toMidnight = DAY_S - (this.model.now % DAY_S);
    const seconds = this.chance.weighted([[6, 1 + this.chance.below(60)], [2, 3600], [1, toMidnight - 1], [1, toMidnight], [1, DAY_S]]);
    this.world.pass(seconds);
    this.model.now += seconds;
  }

  async agrees() {
    const { model, world } = this;
    const state = await world.state();
    assert.deepEqual(state, {
      paused: model.paused, perClaimCap: model.perClaim, perDayCap: model.perDay, day: model.day, daySpent: model.spent,
      recipients: model.recipients, networkId: -239, previousUntil: model.previousUntil,
    });
    const name = this.chance.of(PLAYERS);
    assert.equal(await world.lastSeqno(world[name]), model.seqno[name] ?? 0n);
  }

  async paysWhatItShould() {
    for (const name of PLAYERS) assert.equal(await this.world.lastSeqno(this.world[name]), this.model.seqno[name] ?? 0n);
    for (const name of PEOPLE) assert.equal(await this.world.jettonsOf(this.address(name)), this.model.paid[name]);
    assert.equal(await this.world.jettonsOf(this.world.vault), this.model.inventory);
  }
}

module.exports = {
  "the vault does what the model says over a random history": async (facts) => {
    const chance = new Chance();
    const run = await Run.start(chance);
    Object.assign(facts, { seed: chance.seed, messages: MESSAGES, counts: run.counts });
    for (let count = 0; run.messages < MESSAGES; count += 1) {
      // A transfer taken to the jetton wallet, time and supply count as acts, not as messages to the vault.
      const act = chance.weighted([[50, "claim"], [35, "fly"], [9, "order"], [3, "pass"], [3, "supply"]]);
      try {
        await run[act]();
        await run.agrees();
        if (count % 50 === 49) await run.paysWhatItShould();
      } catch (error) {
        error.message = `seed ${chance.seed}, act ${count}, ${act}: ${error.message}`;
        throw error;
      }
    }
    while (run.flying.length > 0) {
      await run.fly();
      await run.agrees();
    }
    await run.paysWhatItShould();
    assert.ok(run.counts["claim 0"] > 0, "the history was too wild for any claim to be paid");
  },
};
