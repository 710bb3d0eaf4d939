//! What the installed original made of each rule: the request as its server saw it, or its answer.

/// Rules, a request (`|` for line ends), and what came of it.
pub const ROWS: &[(&str, &str, &str)] = &[
    (
        "http-request return status 200 content-type text/plain string \"abc\" hdr a b hdr C %[src]",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|a: b|c: 127.0.0.1|content-length: 3|content-type: text/plain||abc",
    ),
    (
        "http-request return status 204",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 204 No Content|content-length: 0||",
    ),
    ("http-request return", "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||", "HTTP/1.1 200 OK|content-length: 0||"),
    (
        "http-request return status 418",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 418 I'm a teapot|content-length: 0||",
    ),
    (
        "http-request return errorfile /404.http",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.0 404 Nope|content-type: text/plain|x-a: b||body\n",
    ),
    (
        "http-request return default-errorfiles",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 58|cache-control: no-cache|content-type: text/html||<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n",
    ),
    (
        "http-request deny status 418 content-type text/plain string abc",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 418 I'm a teapot|content-length: 3|content-type: text/plain||abc",
    ),
    (
        "http-request tarpit",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "tarpit HTTP/1.1 500 Internal Server Error|content-length: 97|cache-control: no-cache|content-type: text/html||<html><body><h1>500 Internal Server Error</h1>\nAn internal server error occurred.\n</body></html>\n",
    ),
    (
        "http-request tarpit deny_status 429",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "tarpit HTTP/1.1 429 Too Many Requests|content-length: 117|cache-control: no-cache|content-type: text/html||<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html>\n",
    ),
    (
        "http-request auth",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 401 Unauthorized|content-length: 112|cache-control: no-cache|content-type: text/html|www-authenticate: Basic realm=\"p\"||<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n",
    ),
    (
        "http-request auth realm \"a b\"",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 401 Unauthorized|content-length: 112|cache-control: no-cache|content-type: text/html|www-authenticate: Basic realm=\"a b\"||<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n",
    ),
    (
        "http-request auth",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|Proxy-Authorization: x||",
        "HTTP/1.1 401 Unauthorized|content-length: 112|cache-control: no-cache|content-type: text/html|www-authenticate: Basic realm=\"p\"||<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n",
    ),
    (
        "http-request auth",
        "GET http://h/ HTTP/1.1|Host: h||",
        "HTTP/1.1 401 Unauthorized|content-length: 112|cache-control: no-cache|content-type: text/html|www-authenticate: Basic realm=\"p\"||<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n",
    ),
    (
        "http-request redirect location /x%[src]",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /x127.0.0.1|cache-control: no-cache||",
    ),
    (
        "http-request redirect location /x code 301",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 301 Moved Permanently|content-length: 0|location: /x||",
    ),
    (
        "http-request redirect location /x set-cookie A=B",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /x|cache-control: no-cache|set-cookie: A=B; path=/;||",
    ),
    (
        "http-request redirect location /x clear-cookie A",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /x|cache-control: no-cache|set-cookie: A; path=/; Max-Age=0;||",
    ),
    (
        "http-request redirect location /x set-cookie A clear-cookie B",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /x|cache-control: no-cache|set-cookie: B; path=/; Max-Age=0;||",
    ),
    (
        "http-request redirect prefix http://q",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: http://q/a/b?x=1&y=2|cache-control: no-cache||",
    ),
    (
        "http-request redirect prefix /",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /a/b?x=1&y=2|cache-control: no-cache||",
    ),
    (
        "http-request redirect prefix /z/ drop-query",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /z//a/b|cache-control: no-cache||",
    ),
    (
        "http-request redirect prefix http://q drop-query append-slash",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: http://q/a/b/|cache-control: no-cache||",
    ),
    (
        "http-request redirect prefix http://q append-slash",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: http://q/a/b?x=1&y=2/|cache-control: no-cache||",
    ),
    (
        "http-request redirect scheme https",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: https://h:81/a/b?x=1&y=2|cache-control: no-cache||",
    ),
    (
        "http-request redirect scheme https code 308",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 308 Permanent Redirect|content-length: 0|location: https://h:81/a/b?x=1&y=2||",
    ),
    (
        "http-request redirect scheme https",
        "GET /p HTTP/1.0||",
        "HTTP/1.1 302 Found|content-length: 0|location: https:///p|cache-control: no-cache||",
    ),
    (
        "http-request redirect scheme https drop-query",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: https://h:81/a/b|cache-control: no-cache||",
    ),
    (
        "http-request redirect scheme https",
        "GET http://zz/p HTTP/1.1|Host: zz||",
        "HTTP/1.1 302 Found|content-length: 0|location: https://zz/p|cache-control: no-cache||",
    ),
    (
        "http-request redirect location %[req.fhdr(nope)] ignore-empty",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request redirect location %[req.fhdr(nope)]",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: |cache-control: no-cache||",
    ),
    (
        "http-response redirect location /r",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 302 Found|content-length: 0|location: /r|cache-control: no-cache||",
    ),
    (
        "http-response return status 200 content-type a/b string x",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 1|content-type: a/b||x",
    ),
    (
        "http-response deny",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 502 Bad Gateway|content-length: 107|cache-control: no-cache|content-type: text/html||<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n",
    ),
    (
        "http-response set-status 404",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 404 Not Found|content-length: 0|x-r: 1|x-r: 2, 3|set-cookie: a=1||",
    ),
    (
        "http-response set-status 404 reason \"a b\"",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 404 a b|content-length: 0|x-r: 1|x-r: 2, 3|set-cookie: a=1||",
    ),
    (
        "http-response set-header x-r 9",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 0|set-cookie: a=1|x-r: 9||",
    ),
    (
        "http-response add-header x-r 9",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 0|x-r: 1|x-r: 2, 3|set-cookie: a=1|x-r: 9||",
    ),
    (
        "http-response replace-header x-r (.*) <\\1>",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 0|x-r: <1>|x-r: <2, 3>|set-cookie: a=1||",
    ),
    (
        "http-response replace-value x-r (.*) <\\1>",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 0|x-r: <1>|x-r: <2>,<3>|set-cookie: a=1||",
    ),
    (
        "http-response del-header x-r",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 200 OK|content-length: 0|set-cookie: a=1||",
    ),
    (
        "http-request early-hint Link </a> && http-request early-hint B c",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 103 Early Hints|link: </a>|b: c||GET /a/b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request early-hint Link </a> && http-request return status 200",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "HTTP/1.1 103 Early Hints|link: </a>||HTTP/1.1 200 OK|content-length: 0||",
    ),
    (
        "http-request set-header A 1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|a: x|b: y|A: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y|a: 1||",
    ),
    (
        "http-request add-header A 1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|a: x|b: y||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: x|b: y|a: 1||",
    ),
    (
        "http-request set-header A %[req.fhdr(nope)]",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: ||",
    ),
    (
        "http-request set-header A \"x  y \"",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: x  y ||",
    ),
    (
        "http-request replace-header A x(.) y\\1\\0\\\\z\\1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|a: xax|A: xb||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: yaxaza|a: ybxbzb||",
    ),
    (
        "http-request replace-header A ^x$ y",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|a: xax||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: xax||",
    ),
    (
        "http-request replace-value A x(.) y\\1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|a: xa,  xb ,c|A: xb||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: ya,yb,c|a: yb||",
    ),
    (
        "http-request replace-path (.*) /foo\\1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /foo/a/b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b/foo?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request replace-uri ^http://(.*) https://\\1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request replace-uri (.*) \\1z",
        "GET http://h/p?q HTTP/1.1|Host: h||",
        "GET http://h/p?qz HTTP/1.1|host: h||",
    ),
    (
        "http-request replace-path /p /zz",
        "GET http://h/p?q HTTP/1.1|Host: h||",
        "GET http://h/zz?q HTTP/1.1|host: h||",
    ),
    (
        "http-request set-path /n",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /n?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request set-path /n%[path]",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /n/a/b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request set-path n",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET n?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request set-pathq /n?z",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /n?z HTTP/1.1|host: h:81||",
    ),
    ("http-request set-pathq /n", "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||", "GET /n HTTP/1.1|host: h:81||"),
    (
        "http-request set-query z=1",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?z=1 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request set-query %[req.fhdr(no)]",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b? HTTP/1.1|host: h:81||",
    ),
    ("http-request set-query %[req.fhdr(no)]", "GET / HTTP/1.1|Host: h||", "GET / HTTP/1.1|host: h||"),
    ("http-request set-query z", "GET / HTTP/1.1|Host: h||", "GET /?z HTTP/1.1|host: h||"),
    (
        "http-request set-uri http://new/x",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET http://new/x HTTP/1.1|host: new||",
    ),
    ("http-request set-uri /zz", "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||", "GET /zz HTTP/1.1|host: h:81||"),
    ("http-request set-path /n", "OPTIONS * HTTP/1.1|Host: h||", "OPTIONS /n HTTP/1.1|host: h||"),
    ("http-request set-path /n", "GET http://h HTTP/1.1|Host: h||", "GET http://h/n HTTP/1.1|host: h||"),
    ("http-request set-query a", "GET http://h HTTP/1.1|Host: h||", "GET http://h/?a HTTP/1.1|host: h||"),
    ("http-request set-path /n", "GET http://h/p HTTP/1.1|Host: h||", "GET http://h/n HTTP/1.1|host: h||"),
    (
        "http-request set-method FOO",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "FOO /a/b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request del-header a",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|a: x|b: y|A: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y||",
    ),
    (
        "http-request del-header x- -m beg",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|x-a: x|b: y|X-B: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y||",
    ),
    (
        "http-request del-header -a -m end",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|x-a: x|b: y|X-B: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y|x-b: z||",
    ),
    (
        "http-request del-header - -m sub",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|x-a: x|b: y|X-B: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y||",
    ),
    (
        "http-request del-header ^x-[ab]$ -m reg",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|x-a: x|b: y|X-B: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y||",
    ),
    (
        "http-request del-header X-A -m str",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|x-a: x|b: y|X-B: z||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|b: y|x-b: z||",
    ),
    (
        "http-request set-header host new",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81|b: y||",
        "GET /a/b?x=1&y=2 HTTP/1.1|b: y|host: new||",
    ),
    (
        "http-request set-header Host new",
        "GET http://h/p HTTP/1.1|Host: h||",
        "GET http://new/p HTTP/1.1|host: new||",
    ),
    ("http-request del-header host", "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||", "GET /a/b?x=1&y=2 HTTP/1.1||"),
    (
        "http-request set-header \"a b\" c",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a b: c||",
    ),
    (
        "http-request set-path \"/a b\"",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a b?x=1&y=2 HTTP/1.1|host: h:81||",
    ),
    (
        "http-request set-header a \"x%[str(\\\"a\\nb\\\")]y\"",
        "GET /a/b?x=1&y=2 HTTP/1.1|Host: h:81||",
        "GET /a/b?x=1&y=2 HTTP/1.1|host: h:81|a: xa%0Aby||",
    ),
];
