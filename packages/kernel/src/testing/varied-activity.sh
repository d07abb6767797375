# Makes the kernel do a little of everything: files of a file system of its own, processes, signals,
# timers, sockets, memory, locks, priorities. Needs root; what is missing is left out.
d=$(mktemp -d "${TMPDIR:-/tmp}/lockstep-activity.XXXXXX"); cd "$d" || exit 1
trap 'cd /; umount "$d/m" 2>/dev/null; rm -rf "$d"' EXIT
dd if=/dev/zero of=img bs=1M count=32 2>/dev/null
if mkfs.ext4 -q img 2>/dev/null && mkdir m && mount -o loop img m 2>/dev/null; then
  cd m
  for i in 1 2 3 4 5 6; do
    dd if=/dev/urandom of=f$i bs=64k count=6 2>/dev/null
    mkdir d$i; mv f$i d$i/; ln d$i/f$i l$i; ln -s l$i s$i; truncate -s 1000 l$i; chmod 600 l$i
    fallocate -l 1M a$i; fallocate -p -o 4096 -l 8192 a$i; fallocate -z -o 65536 -l 4096 a$i
  done
  sync; cat l* > /dev/null; rm -rf d1 l1 a2; sync
  cd "$d"; umount m
fi
for i in 1 2 3 4 5; do (sleep 0.01; kill -USR1 $$) & done; trap : USR1; wait
for i in 1 2 3 4 5 6 7 8 9 10; do nice -n 3 true; taskset 1 true; (ulimit -n 100; true); done
chrt -f 5 true; chrt -i 0 true
ls -lR /usr/include > /dev/null 2>&1
find /proc/self /sys/kernel -maxdepth 3 > /dev/null 2>&1
dd if=/dev/zero of=big bs=1M count=24 2>/dev/null; cat big big > /dev/null
"$NODE" -e '
const net = require("net"), dgram = require("dgram"), fs = require("fs");
const server = net.createServer((c) => c.pipe(c)).listen(0, "127.0.0.1", () => {
  let left = 300;
  const c = net.connect(server.address().port, "127.0.0.1");
  c.on("data", () => { if (--left > 0) c.write(Buffer.alloc(1 + (left % 7) * 900)); else { c.destroy(); server.close(); } });
  c.write("x");
});
net.connect(1, "127.0.0.1").on("error", () => {});
const u = dgram.createSocket("udp4");
u.on("message", (m) => (m.length > 400 ? u.close() : u.send(Buffer.alloc(m.length + 10), u.address().port, "127.0.0.1")));
u.bind(0, "127.0.0.1", () => u.send("y", u.address().port, "127.0.0.1"));
const b = []; for (let i = 0; i < 20; i++) b.push(Buffer.alloc(1 << 20, i));
setTimeout(() => fs.readFileSync("/proc/self/maps"), 20);
'
