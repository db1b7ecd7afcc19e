// Node's TLS as a peer of a drill: a conduit from plain TCP to a TLS server, or a TLS server that sends back what it gets.
//
//   node tls-peer.js client PORT SERVER-PORT VERSION AUTHORITY [CHAIN KEY]
//   node tls-peer.js server PORT VERSION CHAIN KEY
'use strict';
const fs = require('fs');
const net = require('net');
const tls = require('tls');

const [role, port, ...rest] = process.argv.slice(2);
const versions = (name) => ({minVersion: `TLSv${name}`, maxVersion: `TLSv${name}`});

// What goes wrong on one side ends both at once.
function together(one, other) {
  for (const [side, opposite] of [[one, other], [other, one]]) {
    side.on('error', (error) => { console.log(String(error)); opposite.destroy(); });
    side.on('close', (failed) => { if (failed) opposite.destroy(); });
  }
}

function client(server, version, authority, chain, key) {
  const options = {
    host: '127.0.0.1', port: Number(server), servername: 'localhost', ca: fs.readFileSync(authority),
    allowHalfOpen: true, ...versions(version),
  };
  if (chain) Object.assign(options, {cert: fs.readFileSync(chain), key: fs.readFileSync(key)});
  net.createServer({allowHalfOpen: true}, (plain) => {
    const secret = tls.connect(options);
    together(plain, secret);
    plain.pipe(secret);
    secret.pipe(plain);
  }).listen(Number(port), '127.0.0.1');
}

function server(version, chain, key) {
  const options = {cert: fs.readFileSync(chain), key: fs.readFileSync(key), allowHalfOpen: true, ...versions(version)};
  tls.createServer(options, (secret) => {
    secret.on('error', (error) => console.log(String(error)));
    secret.pipe(secret);
  }).on('tlsClientError', (error) => console.log(String(error))).listen(Number(port), '127.0.0.1');
}

if (role === 'client') client(...rest); else server(...rest);
