// A fresh TVM with a standard TEP-74 jetton and the vault, and the words the cases are written in.
"use strict";
const fs = require("fs");
const path = require("path");
const { Address, Cell, Dictionary, beginCell, contractAddress, toNano } = require("@ton/core");
const { keyPairFromSeed, sign } = require("@ton/crypto");
const { Blockchain, createShardAccount, defaultConfig, internal, setGlobalVersion } = require("@ton/sandbox");

const VAULT = path.join(__dirname, "../../../infra/vault");
const compiled = JSON.parse(fs.readFileSync(path.join(VAULT, "vault.compiled.json"), "utf8"));
const jettonCode = JSON.parse(fs.readFileSync(path.join(__dirname, "jetton.json"), "utf8"));

const MAINNET = -239;
const START_S = 1_800_000_000;
const DAY_S = 86_400;
const CLAIM_VALUE = toNano("0.1");
const OPS = {
  RewardClaim: 0x3b5d2b44,
  TransferNotification: 0x7362d09c,
  Excesses: 0xd53276db,
  SetPaused: 0x10000001,
  SetOracle: 0x10000002,
  SetCaps: 0x10000003,
  SetJettonWallet: 0x10000004,
  ProposeOwner: 0x10000005,
  AcceptOwner: 0x10000006,
  WithdrawJettons: 0x10000007,
  WithdrawTon: 0x10000008,
  SetGuardian: 0x10000009,
};
const EXIT = {
  AMOUNT: 6243, SEQNO: 17654, EXPIRED: 24383, SIGNATURE: 48401, SENDER: 51532, UNKNOWN_MESSAGE: 65535,
  PAUSED: 1001, VALID_TOO_LONG: 1002, CLAIM_CAP: 1003, DAY_CAP: 1004, VALUE: 1005, FULL: 1006, NETWORK: 1007,
  NOT_AUTHORISED: 1008, NO_WALLET: 1009, WORKCHAIN: 1010, WALLET_SET: 1011, RESERVE: 1012,
  FOREIGN_BOUNCE: 1013, WEAK_KEY: 1014,
};

// Fake keys, for tests only: each is 32 times one byte.
const key = (byte) => keyPairFromSeed(Buffer.alloc(32, byte));
const keyNumber = (pair) => BigInt("0x" + pair.publicKey.toString("hex"));
const op = (name) => beginCell().storeUint(OPS[name], 32);

const order = {
  setPaused: (paused) => op("SetPaused").storeBit(paused).endCell(),
  setOracle: (newKey, graceS) => op("SetOracle").storeUint(newKey, 256).storeUint(graceS, 32).endCell(),
  setCaps: (claim, day) => op("SetCaps").storeCoins(claim).storeCoins(day).endCell(),
  setJettonWallet: (wallet) => op("SetJettonWallet").storeAddress(wallet).endCell(),
  proposeOwner: (owner) => op("ProposeOwner").storeAddress(owner).endCell(),
  acceptOwner: () => op("AcceptOwner").endCell(),
  withdrawJettons: (amount, to, queryId = 0) =>
    op("WithdrawJettons").storeUint(queryId, 64).storeCoins(amount).storeAddress(to).endCell(),
  withdrawTon: (amount, to) => op("WithdrawTon").storeCoins(amount).storeAddress(to).endCell(),
  setGuardian: (guardian) => op("SetGuardian").storeAddress(guardian).endCell(),
};

/** The cell the oracle signs. */
function payloadCell({ vault, master, to, amount, seqno, validUntil }) {
  return beginCell()
    .storeAddress(vault).storeAddress(master).storeAddress(to)
    .storeCoins(amount).storeUint(seqno, 64).storeUint(validUntil, 32)
    .endCell();
}

function claimFields(claim) {
  return op("RewardClaim")
    .storeAddress(claim.to).storeCoins(claim.amount).storeUint(claim.seqno, 64).storeUint(claim.validUntil, 32);
}

/** The message body with the signature in a reference; `inline` puts it beside the fields. */
function claimBody(claim, signature, { inline = false } = {}) {
  const fields = claimFields(claim);
  if (inline) return fields.storeBuffer(signature).endCell();
  return fields.storeRef(beginCell().storeBuffer(signature).endCell()).endCell();
}

function vaultData(setup) {
  return beginCell()
    .storeBit(setup.paused)
    .storeUint(setup.oracleKey, 256)
    .storeInt(setup.networkId, 32)
    .storeCoins(setup.perClaimCap)
    .storeCoins(setup.perDayCap)
    .storeUint(setup.day ?? 0, 32)
    .storeCoins(setup.daySpent ?? 0)
    .storeUint(setup.recipients ?? 0, 32)
    .storeMaybeRef(setup.map ?? null)
    .storeRef(beginCell().storeAddress(setup.master).storeAddress(setup.wallet ?? null).endCell())
    .storeRef(beginCell().storeUint(0, 256).storeUint(0, 32).endCell())
    .storeRef(beginCell().storeAddress(setup.owner).storeAddress(null).storeAddress(setup.guardian).endCell())
    .endCell();
}

/** A seqno map as the vault keeps it, made outside because thousands of claims would take minutes. */
function seqnoMap(entries) {
  const map = Dictionary.empty(Dictionary.Keys.Address(), Dictionary.Values.BigUint(64));
  for (const [address, seqno] of entries) map.set(address, seqno);
  return beginCell().storeDictDirect(map).endCell();
}

const phase = (tx) => {
  const d = tx.description;
  const compute = d.computePhase;
  return {
    exit: compute?.type === "vm" ? compute.exitCode : undefined,
    gas: compute?.type === "vm" ? Number(compute.gasUsed) : 0,
    action: d.actionPhase?.resultCode,
    aborted: d.aborted,
  };
};

const fresh = new Map(); // worlds as they were when new, by what was asked for

class World {
  /** As `make`, but one asked for before is put back to its beginning: one world at a time, as cases run. */
  static async create(options = {}) {
    if (options.config !== undefined) return World.make(options);
    const wish = JSON.stringify(options, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
    if (!fresh.has(wish)) {
      const world = await World.make(options);
      fresh.set(wish, { fields: { ...world }, snapshot: world.bc.snapshot() });
    }
    const { fields, snapshot } = fresh.get(wish);
    await fields.bc.loadFrom(snapshot);
    return Object.assign(new World(), fields);
  }

  /** `setup` overrides what the vault is born with; World.mutant replaces the compiled contract. */
  static async make({ setup = {}, inventory = 1_000_000n, config, now = START_S } = {}) {
    const world = new World();
    // The slim configuration has the same prices and version, and is read three times as fast.
    world.bc = await Blockchain.create({ config: config ?? "slim" });
    world.bc.now = now;
    world.oracle = key(1);
    [world.owner, world.guardian, world.alice, world.bob, world.stranger] = await Promise.all(
      ["owner", "guardian", "alice", "bob", "stranger"].map((name) => world.bc.treasury(name)),
    );
    await world.deployJetton();
    world.code = Cell.fromBase64(World.mutant ?? compiled.codeBoc64);
    world.setup = {
      paused: false, oracleKey: keyNumber(world.oracle), networkId: MAINNET, perClaimCap: 1_000n, perDayCap: 3_000n,
      master: world.master, owner: world.owner.address, guardian: world.guardian.address, ...setup,
    };
    world.init = { code: world.code, data: vaultData(world.setup) };
    world.vault = contractAddress(0, world.init);
    await world.owner.send({ to: world.vault, init: world.init, value: toNano("0.5"), bounce: false });
    world.vaultWallet = await world.walletOf(world.vault);
    if (setup.wallet === undefined) {
      await world.send(world.owner, order.setJettonWallet(world.vaultWallet));
    }
    if (inventory > 0n) await world.mint(world.vault, inventory);
    return world;
  }

  async deployJetton() {
    const walletCode = Cell.fromBase64(jettonCode.walletCodeBoc64);
    const data = beginCell().storeCoins(0).storeAddress(this.owner.address)
      .storeRef(new Cell()).storeRef(walletCode).endCell();
    const init = { code: Cell.fromBase64(jettonCode.minterCodeBoc64), data };
    this.master = contractAddress(0, init);
    await this.owner.send({ to: this.master, init, value: toNano("0.2"), bounce: false });
  }

  async mint(to, amount) {
    const transfer = beginCell().storeUint(0x178d4519, 32).storeUint(0, 64).storeCoins(amount)
      .storeAddress(null).storeAddress(this.owner.address).storeCoins(0).storeBit(false).endCell();
    const body = beginCell().storeUint(21, 32).storeUint(0, 64).storeAddress(to)
      .storeCoins(toNano("0.1")).storeRef(transfer).endCell();
    await this.owner.send({ to: this.master, value: toNano("0.2"), body });
  }

  async walletOf(owner) {
    const slice = { type: "slice", cell: beginCell().storeAddress(owner).endCell() };
    return (await this.get(this.master, "get_wallet_address", [slice])).readAddress();
  }

  async jettonsOf(owner) {
    const wallet = await this.walletOf(owner);
    const contract = await this.bc.getContract(wallet);
    if (contract.accountState?.type !== "active") return 0n;
    return (await this.get(wallet, "get_wallet_data")).readBigNumber();
  }

  async get(address, method, args = []) {
    const result = await (await this.bc.getContract(address)).get(method, args, { now: this.bc.now });
    return result.stackReader;
  }

  /** Sends to the vault and returns what the vault's first transaction did, with all transactions. */
  async send(from, body, { value = toNano("0.05"), bounce = true, to = this.vault } = {}) {
    const { transactions } = await from.send({ to, value, body, bounce });
    const own = transactions.find((tx) => tx.inMessage?.info.type === "internal" && tx.inMessage.info.dest.equals(to));
    return { ...phase(own), tx: own, transactions };
  }

  claimOf(who, amount, seqno, overrides = {}) {
    return {
      vault: this.vault, master: this.master, to: who.address ?? who, amount: BigInt(amount), seqno: BigInt(seqno),
      validUntil: this.bc.now + 600, ...overrides,
    };
  }

  signed(claim, pair = this.oracle) {
    return sign(payloadCell(claim).hash(), pair.secretKey);
  }

  /** A claim correctly signed and sent by its recipient. */
  async claim(who, amount, seqno, { overrides = {}, pair = this.oracle, value = CLAIM_VALUE, inline = false, from = who } = {}) {
    const claim = this.claimOf(who, amount, seqno, overrides);
    return this.send(from, claimBody(claim, this.signed(claim, pair), { inline }), { value });
  }

  async lastSeqno(who) {
    const slice = { type: "slice", cell: beginCell().storeAddress(who.address ?? who).endCell() };
    return (await this.get(this.vault, "getLastSeqno", [slice])).readBigNumber();
  }

  async state() {
    const reader = await this.get(this.vault, "getVaultState");
    return {
      paused: reader.readBoolean(), perClaimCap: reader.readBigNumber(), perDayCap: reader.readBigNumber(),
      day: reader.readNumber(), daySpent: reader.readBigNumber(), recipients: reader.readNumber(),
      networkId: reader.readNumber(), previousUntil: reader.readNumber(),
    };
  }

  async account() {
    return this.bc.getContract(this.vault);
  }

  async balance(address = this.vault) {
    return (await this.bc.getContract(address)).balance;
  }

  /** Steps a claim transaction by transaction: the caller decides when the next one runs. */
  async claimInSteps(who, amount, seqno, { overrides = {}, value = CLAIM_VALUE } = {}) {
    const claim = this.claimOf(who, amount, seqno, overrides);
    const body = claimBody(claim, this.signed(claim));
    const message = internal({ from: who.address, to: this.vault, value, body, bounce: true });
    return this.bc.sendMessageIter(message, { allowParallel: true });
  }

  /** Puts the vault on chain as it is, for states that would take thousands of messages to reach. */
  async placeVault(setup, balance = toNano("0.5")) {
    const data = vaultData({ ...this.setup, wallet: this.vaultWallet, ...setup });
    const account = createShardAccount({ address: this.vault, code: this.code, data, balance });
    account.account.storageStats.lastPaid = this.bc.now;
    await this.bc.setShardAccount(this.vault, account);
  }

  /** The hash of the vault's data: equal hashes mean that nothing at all changed. */
  async dataHash() {
    const state = (await this.account()).accountState;
    return state.state.data.hash().toString("hex");
  }

  pass(seconds) {
    this.bc.now += seconds;
  }
}

module.exports = {
  CLAIM_VALUE, DAY_S, EXIT, OPS, World,
  Address, Cell, beginCell, contractAddress, defaultConfig, internal, setGlobalVersion, toNano,
  claimBody, claimFields, key, keyNumber, op, order, payloadCell, phase, seqnoMap, sign, vaultData,
};
