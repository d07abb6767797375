// SPDX-License-Identifier: MIT
// Files of this machine -> a cpio archive in the "newc" form that Linux unpacks as its initramfs
// (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel). Several archives one
// behind the other are one initramfs.

import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

const DIRECTORY = 0o40755;
const LINK = 0o120777;

export class CpioWriter {
  #fd;
  #inode = 0;
  #names = new Set();

  constructor(path) {
    this.#fd = openSync(path, 'w');
  }

  directory(name) {
    this.#add(name, DIRECTORY, Buffer.alloc(0));
  }

  link(name, target) {
    this.#add(name, LINK, Buffer.from(target));
  }

  text(name, text, mode = 0o644) {
    this.#add(name, 0o100000 | mode, Buffer.from(text));
  }

  /** A file, link or directory of this machine with all that is in it, under another name. */
  copy(path, name, isWanted = () => true) {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) this.link(name, readlinkSync(path));
    else if (stat.isFile()) this.#add(name, stat.mode, readFileSync(path));
    else if (stat.isDirectory()) {
      this.directory(name);
      for (const entry of readdirSync(path))
        if (isWanted(join(path, entry))) this.copy(join(path, entry), `${name}/${entry}`, isWanted);
    }
  }

  close() {
    this.#write('TRAILER!!!', 0, Buffer.alloc(0));
    closeSync(this.#fd);
  }

  #add(name, mode, content) {
    const plain = name.replace(/^\/+/, '');
    if (this.#names.has(plain)) return;
    const parent = dirname(plain);
    if (parent !== '.' && !this.#names.has(parent)) this.directory(parent);
    this.#names.add(plain);
    this.#write(plain, mode, content);
  }

  #write(name, mode, content) {
    const nameBytes = Buffer.from(`${name}\0`);
    const numbers = [++this.#inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0];
    const head = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`);
    for (const part of [head, nameBytes, padding(head.length + nameBytes.length), content, padding(content.length)])
      this.#writeAll(part);
  }

  #writeAll(bytes) {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
  }
}

function padding(size) {
  return Buffer.alloc(-size & 3);
}
