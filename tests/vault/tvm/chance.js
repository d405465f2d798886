// Chance from a seed: the same ARENA_TEST_SEED gives the same messages again.
"use strict";

/** mulberry32: a number in [0, 1) at each call. */
function chanceFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Chance {
  constructor(seed = Number(process.env.ARENA_TEST_SEED ?? 1)) {
    this.seed = seed;
    this.next = chanceFrom(seed);
  }

  below(limit) {
    return Math.floor(this.next() * limit);
  }

  is(probability) {
    return this.next() < probability;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** [weight, value] pairs. */
  weighted(pairs) {
    let left = this.next() * pairs.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of pairs) {
      left -= weight;
      if (left < 0) return value;
    }
    return pairs[pairs.length - 1][1];
  }
}

module.exports = { Chance };
