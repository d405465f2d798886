// The stack's one clock: real time plus an offset in milliseconds kept in a file every process reads.
'use strict';

const fs = require('node:fs');

/**
 * A clock over `offsetFile`, whose whole text is a decimal number of milliseconds.
 *
 * The file is read at every call, because a test moves time while the server runs. An absent or
 * empty file means no offset; any other text is an error, since a clock that guesses would let a
 * refund happen too early.
 */
function fileClock(offsetFile) {
  return () => Math.floor((Date.now() + offsetMs(offsetFile)) / 1000);
}

function offsetMs(offsetFile) {
  if (offsetFile === undefined) return 0;
  let text;
  try {
    text = fs.readFileSync(offsetFile, 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
  if (text === '') return 0;
  if (!/^-?\d{1,15}$/.test(text)) throw new Error('the clock file must hold a whole number of milliseconds');
  return Number(text);
}

module.exports = { fileClock };
