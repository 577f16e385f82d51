fetch('/api/x');x=/[/']/g;y=`/api/${'/ws'}`;if(a)/'/.test(b)
// '/api'
/* */a/b/'/api'