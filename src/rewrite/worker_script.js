// Runs before an instance's own workers of every kind (path mode): their requests, caches, windows
// and notifications are kept under the prefix, so that a service worker can neither break another
// instance nor the hub. What it registers for stays its own. Joined after runtime_common.js; see
// there for `config`.

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
  runAll([patchRequests, patchXhr, patchConnections, patchWorkers, patchCaches, patchDatabases,
          patchFiles, patchNotifications, patchCookieStore, patchClients]);
  patchArguments(self, 'importScripts', function (args) {
    for (var i = 0; i < args.length; i++) args[i] = fix(args[i]);
  });
}
