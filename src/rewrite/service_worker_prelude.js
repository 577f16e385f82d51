// Runs before an instance's own service worker (path mode). What it registers for stays its own;
// its requests, caches, windows and notifications are kept under the prefix, so that it can neither
// break another instance nor the hub. Joined after runtime_common.js; see there for `config`.

function patchClients() {
  var clients = self.Clients && self.Clients.prototype;
  patchUrl(clients, 'openWindow', 0);
  patch(clients, 'matchAll', function (original) {
    return function (options) {
      return original.call(this, options).then(function (list) {
        return list.filter(function (client) {
          return isOwn(client.url);
        });
      });
    };
  });
  patchUrl(self.WindowClient && self.WindowClient.prototype, 'navigate', 0);
}

function startWorker() {
  if (Object.prototype.hasOwnProperty.call(self, '__berth_prefix')) return;
  Object.defineProperty(self, '__berth_prefix', { value: P });
  runAll([patchRequests, patchConnections, patchCaches, patchDatabases, patchNotifications,
          patchClients]);
  patchArguments(self, 'importScripts', function (args) {
    for (var i = 0; i < args.length; i++) args[i] = fix(args[i]);
  });
}

startWorker();
