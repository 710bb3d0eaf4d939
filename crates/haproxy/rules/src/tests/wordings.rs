//! Wrong rules with the words of the installed original, and right ones.

/// A line and the error it gets.
pub const WRONG: &[(&str, &str)] = &[
    (
        "http-request add-header",
        "error detected in proxy 'p' while parsing 'http-request add-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request add-header x",
        "error detected in proxy 'p' while parsing 'http-request add-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request add-header x y z",
        "'http-request add-header' expects either 'if' or 'unless' followed by a condition but found 'z'.",
    ),
    (
        "http-request add-header x y if foo",
        "error detected while parsing an 'http-request add-header' condition : no such ACL : 'foo'.",
    ),
    (
        "http-request add-header x %[foo]",
        "error detected in proxy 'p' while parsing 'http-request add-header' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request add-header x %[res.hdr(a)]",
        "error detected in proxy 'p' while parsing 'http-request add-header' rule : sample fetch <res.hdr(a)]> may not be reliably used here because it needs 'HTTP response headers' which is not available here.",
    ),
    (
        "http-request add-header x \"%[src\"",
        "error detected in proxy 'p' while parsing 'http-request add-header' rule : missing ']' after 'src'.",
    ),
    (
        "http-request add-header x %zz",
        "error detected in proxy 'p' while parsing 'http-request add-header' rule : no such format variable 'zz'. If you wanted to emit the '%' character verbatim, you need to use '%%'.",
    ),
    (
        "http-request set-header",
        "error detected in proxy 'p' while parsing 'http-request set-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-header x",
        "error detected in proxy 'p' while parsing 'http-request set-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-header \"\" y",
        "error detected in proxy 'p' while parsing 'http-request set-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-header x \"\"",
        "error detected in proxy 'p' while parsing 'http-request set-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request early-hint",
        "error detected in proxy 'p' while parsing 'http-request early-hint' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request early-hint x",
        "error detected in proxy 'p' while parsing 'http-request early-hint' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request del-header",
        "error detected in proxy 'p' while parsing 'http-request del-header' rule : expects at least 1 argument.",
    ),
    (
        "http-request del-header x y",
        "'http-request del-header' expects either 'if' or 'unless' followed by a condition but found 'y'.",
    ),
    (
        "http-request del-header x -m",
        "error detected in proxy 'p' while parsing 'http-request del-header' rule : -m flag expects exactly 1 argument.",
    ),
    (
        "http-request del-header x -m foo",
        "error detected in proxy 'p' while parsing 'http-request del-header' rule : -m with unsupported matching method 'foo'.",
    ),
    (
        "http-request del-header x( -m reg",
        "error detected in proxy 'p' while parsing 'http-request del-header' rule : regex 'x(' is invalid (error=missing closing parenthesis, erroffset=2).",
    ),
    (
        "http-request del-header x if FOO",
        "error detected while parsing an 'http-request del-header' condition : no such ACL : 'FOO'.",
    ),
    (
        "http-request replace-header",
        "error detected in proxy 'p' while parsing 'http-request replace-header' rule : expects exactly 3 arguments.",
    ),
    (
        "http-request replace-header x",
        "error detected in proxy 'p' while parsing 'http-request replace-header' rule : expects exactly 3 arguments.",
    ),
    (
        "http-request replace-header x y",
        "error detected in proxy 'p' while parsing 'http-request replace-header' rule : expects exactly 3 arguments.",
    ),
    (
        "http-request replace-header x ( z",
        "error detected in proxy 'p' while parsing 'http-request replace-header' rule : regex '(' is invalid (error=missing closing parenthesis, erroffset=1).",
    ),
    (
        "http-request replace-header x y z w",
        "'http-request replace-header' expects either 'if' or 'unless' followed by a condition but found 'w'.",
    ),
    (
        "http-request replace-header x y %[foo]",
        "error detected in proxy 'p' while parsing 'http-request replace-header' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request replace-value x y",
        "error detected in proxy 'p' while parsing 'http-request replace-value' rule : expects exactly 3 arguments.",
    ),
    (
        "http-request replace-path",
        "error detected in proxy 'p' while parsing 'http-request replace-path' rule : expects exactly 2 arguments <match-regex> and <replace-format>.",
    ),
    (
        "http-request replace-path x",
        "error detected in proxy 'p' while parsing 'http-request replace-path' rule : expects exactly 2 arguments <match-regex> and <replace-format>.",
    ),
    (
        "http-request replace-path ( y",
        "error detected in proxy 'p' while parsing 'http-request replace-path' rule : failed to parse the regex : regex '(' is invalid (error=missing closing parenthesis, erroffset=1).",
    ),
    (
        "http-request replace-path a y z",
        "error detected in proxy 'p' while parsing 'http-request replace-path' rule : expects exactly 2 arguments <match-regex> and <replace-format>.",
    ),
    (
        "http-request replace-pathq x",
        "error detected in proxy 'p' while parsing 'http-request replace-pathq' rule : expects exactly 2 arguments <match-regex> and <replace-format>.",
    ),
    (
        "http-request replace-uri x",
        "error detected in proxy 'p' while parsing 'http-request replace-uri' rule : expects exactly 2 arguments <match-regex> and <replace-format>.",
    ),
    (
        "http-request replace-uri ( x",
        "error detected in proxy 'p' while parsing 'http-request replace-uri' rule : failed to parse the regex : regex '(' is invalid (error=missing closing parenthesis, erroffset=1).",
    ),
    (
        "http-request set-path",
        "error detected in proxy 'p' while parsing 'http-request set-path' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-path x y",
        "error detected in proxy 'p' while parsing 'http-request set-path' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-path %[foo]",
        "error detected in proxy 'p' while parsing 'http-request set-path' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request set-pathq",
        "error detected in proxy 'p' while parsing 'http-request set-pathq' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-query",
        "error detected in proxy 'p' while parsing 'http-request set-query' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-uri",
        "error detected in proxy 'p' while parsing 'http-request set-uri' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-method",
        "error detected in proxy 'p' while parsing 'http-request set-method' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-method a b",
        "error detected in proxy 'p' while parsing 'http-request set-method' rule : expects exactly 1 argument <format>.",
    ),
    (
        "http-request set-log-level",
        "error detected in proxy 'p' while parsing 'http-request set-log-level' rule : expects exactly 1 argument (log level name or 'silent').",
    ),
    (
        "http-request set-log-level foo",
        "error detected in proxy 'p' while parsing 'http-request set-log-level' rule : expects exactly 1 argument (log level name or 'silent').",
    ),
    (
        "http-request set-log-level info x",
        "'http-request set-log-level' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-nice",
        "error detected in proxy 'p' while parsing 'http-request set-nice' rule : expects exactly 1 argument (integer value).",
    ),
    (
        "http-request set-nice 5 x",
        "'http-request set-nice' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-tos",
        "error detected in proxy 'p' while parsing 'http-request set-tos' rule : expects exactly 1 argument (integer/hex value).",
    ),
    (
        "http-request set-mark",
        "error detected in proxy 'p' while parsing 'http-request set-mark' rule : expects exactly 1 argument (integer/hex value).",
    ),
    (
        "http-request set-src",
        "error detected in proxy 'p' while parsing 'http-request set-src' rule : missing fetch method.",
    ),
    (
        "http-request set-src foo",
        "error detected in proxy 'p' while parsing 'http-request set-src' rule : unknown fetch method 'foo'.",
    ),
    (
        "http-request set-src src x",
        "'http-request set-src' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-dst",
        "error detected in proxy 'p' while parsing 'http-request set-dst' rule : missing fetch method.",
    ),
    (
        "http-request set-dst-port",
        "error detected in proxy 'p' while parsing 'http-request set-dst-port' rule : missing fetch method.",
    ),
    (
        "http-request set-priority-class",
        "error detected in proxy 'p' while parsing 'http-request set-priority-class' rule : missing fetch method.",
    ),
    (
        "http-request set-priority-class foo",
        "error detected in proxy 'p' while parsing 'http-request set-priority-class' rule : unknown fetch method 'foo'.",
    ),
    (
        "http-request set-priority-class int(3) x",
        "'http-request set-priority-class' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-priority-offset",
        "error detected in proxy 'p' while parsing 'http-request set-priority-offset' rule : missing fetch method.",
    ),
    (
        "http-request set-timeout",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-timeout foo",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-timeout server",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-timeout server 0",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : null value is not valid for a 'set-timeout server' rule.",
    ),
    (
        "http-request set-timeout server 3x",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : unexpected character 'x' in rule 'set-timeout server'.",
    ),
    (
        "http-request set-timeout server 3s x",
        "'http-request set-timeout' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-timeout server 99999999999",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : timer overflow in argument '99999999999' to rule 'set-timeout server' (maximum value is 2147483647 ms or ~24.8 days).",
    ),
    (
        "http-request set-var",
        "error detected in proxy 'p' while parsing 'http-request set-var' rule : invalid or incomplete action 'set-var'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'.",
    ),
    (
        "http-request set-var(",
        "error detected in proxy 'p' while parsing 'http-request set-var(' rule : incomplete argument after action 'set-var('. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'.",
    ),
    (
        "http-request set-var()",
        "error detected in proxy 'p' while parsing 'http-request set-var()' rule : Empty variable name cannot be accepted.",
    ),
    (
        "http-request set-var() src",
        "error detected in proxy 'p' while parsing 'http-request set-var()' rule : Empty variable name cannot be accepted.",
    ),
    (
        "http-request set-var(foo) src",
        "error detected in proxy 'p' while parsing 'http-request set-var(foo)' rule : invalid variable name 'foo'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'.",
    ),
    (
        "http-request set-var(foo.bar) src",
        "error detected in proxy 'p' while parsing 'http-request set-var(foo.bar)' rule : invalid variable name 'foo.bar'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'.",
    ),
    (
        "http-request set-var(txn.bar",
        "error detected in proxy 'p' while parsing 'http-request set-var(txn.bar' rule : incomplete argument after action 'set-var(txn.bar'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'.",
    ),
    (
        "http-request set-var(txn.bar)",
        "error detected in proxy 'p' while parsing 'http-request set-var(txn.bar)' rule : missing fetch method.",
    ),
    (
        "http-request set-var(txn.bar) foo",
        "error detected in proxy 'p' while parsing 'http-request set-var(txn.bar)' rule : unknown fetch method 'foo'.",
    ),
    (
        "http-request set-var(txn.bar) src x",
        "'http-request set-var(txn.bar)' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-var(txn.bar) src if x",
        "error detected while parsing an 'http-request set-var(txn.bar)' condition : no such ACL : 'x'.",
    ),
    (
        "http-request set-var(txn.bar)x src",
        "error detected in proxy 'p' while parsing 'http-request set-var(txn.bar)x' rule : incomplete argument after action 'set-var(txn.bar)x'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'.",
    ),
    (
        "http-request set-var(txn.bar,foo) src",
        "error detected in proxy 'p' while parsing 'http-request set-var(txn.bar,foo)' rule : unknown condition \"foo\".",
    ),
    (
        "http-request set-var-fmt(txn.a) %[src] x",
        "'http-request set-var-fmt(txn.a)' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request set-var-fmt(txn.a) \"%[src\"",
        "error detected in proxy 'p' while parsing 'http-request set-var-fmt(txn.a)' rule : missing ']' after 'src'.",
    ),
    (
        "http-request unset-var",
        "error detected in proxy 'p' while parsing 'http-request unset-var' rule : invalid or incomplete action 'unset-var'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'.",
    ),
    (
        "http-request unset-var(txn.a) x",
        "'http-request unset-var(txn.a)' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request unset-var(a)",
        "error detected in proxy 'p' while parsing 'http-request unset-var(a)' rule : invalid variable name 'a'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'.",
    ),
    (
        "http-request set-vari(txn.a) src",
        "error detected in proxy 'p' while parsing 'http-request set-vari(txn.a)' rule : invalid or incomplete action 'set-vari(txn.a)'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'.",
    ),
    (
        "http-request allow x",
        "'http-request allow' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request deny x",
        "'http-request deny' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request deny deny_status",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : 'status' expects <status_code> as argument.",
    ),
    (
        "http-request deny deny_status x",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : Unexpected status code '0'.",
    ),
    (
        "http-request deny deny_status 99",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : Unexpected status code '99'.",
    ),
    (
        "http-request deny deny_status 600",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : Unexpected status code '600'.",
    ),
    (
        "http-request deny deny_status 418",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : status code '418' not handled by default with 'default-errorfiles' argument..",
    ),
    (
        "http-request deny deny_status 403 errorfile",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : 'errorfile' expects <fmt> as argument.",
    ),
    (
        "http-request deny deny_status 403 errorfile /nonexist",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : error opening file '/nonexist'..",
    ),
    (
        "http-request deny string foo",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : a content type must be defined when non-empty payload is configured.",
    ),
    (
        "http-request deny content-type",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : 'content-type' expects <ctype> as argument.",
    ),
    (
        "http-request deny string a string b",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : unexpected 'string' argument, 'string' already defined.",
    ),
    (
        "http-request deny content-type a lf-string %[foo]",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request deny content-type a file /nonexist",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : error opening file '/nonexist'.",
    ),
    (
        "http-request deny content-type a lf-file /nonexist",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : error opening file '/nonexist'.",
    ),
    (
        "http-request deny content-type a lf-string",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : 'lf-string' expects <fmt> as argument.",
    ),
    (
        "http-request deny hdr",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : 'hdr' expects <name> and <value> as arguments.",
    ),
    (
        "http-request deny hdr x",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : 'hdr' expects <name> and <value> as arguments.",
    ),
    (
        "http-request deny hdr x %[foo]",
        "error detected in proxy 'p' while parsing 'http-request deny' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request deny foo if TRUE",
        "'http-request deny' expects either 'if' or 'unless' followed by a condition but found 'foo'.",
    ),
    (
        "http-request return status",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'status' expects <status_code> as argument.",
    ),
    (
        "http-request return status 99",
        "error detected in proxy 'p' while parsing 'http-request return' rule : Unexpected status code '99'.",
    ),
    (
        "http-request return status 600",
        "error detected in proxy 'p' while parsing 'http-request return' rule : Unexpected status code '600'.",
    ),
    (
        "http-request return status 418 default-errorfiles",
        "error detected in proxy 'p' while parsing 'http-request return' rule : status code '418' not handled by default with 'default-errorfiles' argument..",
    ),
    (
        "http-request return content-type text/plain string \"\"",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'string' expects <str> as argument.",
    ),
    (
        "http-request return string \"\"",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'string' expects <str> as argument.",
    ),
    (
        "http-request return file /404.http",
        "error detected in proxy 'p' while parsing 'http-request return' rule : a content type must be defined when non-empty payload is configured.",
    ),
    (
        "http-request return content-type \"\" string b",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'content-type' expects <ctype> as argument.",
    ),
    (
        "http-request return hdr \"\" y",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'hdr' expects <name> and <value> as arguments.",
    ),
    (
        "http-request return errorfile /junk",
        "error detected in proxy 'p' while parsing 'http-request return' rule : '/junk': unable to parse headers (error offset: 0).",
    ),
    (
        "http-request return errorfile \"\"",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'errorfile' expects <fmt> as argument.",
    ),
    (
        "http-request return errorfiles",
        "error detected in proxy 'p' while parsing 'http-request return' rule : 'errorfiles' expects <name> as argument.",
    ),
    (
        "http-request return default-errorfiles string a",
        "error detected in proxy 'p' while parsing 'http-request return' rule : unexpected 'string' argument, 'default-errorfiles' already defined.",
    ),
    (
        "http-request tarpit x",
        "'http-request tarpit' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request tarpit deny_status 700",
        "error detected in proxy 'p' while parsing 'http-request tarpit' rule : Unexpected status code '700'.",
    ),
    (
        "http-request auth realm x y",
        "'http-request auth' expects either 'if' or 'unless' followed by a condition but found 'y'.",
    ),
    (
        "http-request auth x",
        "'http-request auth' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request reject x",
        "'http-request reject' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request silent-drop x",
        "'http-request silent-drop' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request redirect",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : redirection type expected ('prefix', 'location', or 'scheme').",
    ),
    (
        "http-request redirect location",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'location'.",
    ),
    (
        "http-request redirect location / code",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'code'.",
    ),
    (
        "http-request redirect location / code 304",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : 'code': unsupported HTTP code '304' (must be one of 301, 302, 303, 307 or 308).",
    ),
    (
        "http-request redirect prefix",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'prefix'.",
    ),
    (
        "http-request redirect scheme",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'scheme'.",
    ),
    (
        "http-request redirect location /%[foo]",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request redirect location / set-cookie",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'set-cookie'.",
    ),
    (
        "http-request redirect location / clear-cookie",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'clear-cookie'.",
    ),
    (
        "http-request redirect code 301",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : redirection type expected ('prefix', 'location', or 'scheme').",
    ),
    (
        "http-request redirect location / if foo",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : error in condition: no such ACL : 'foo'.",
    ),
    (
        "http-request redirect location \"\"",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : missing argument for 'location'.",
    ),
    (
        "http-request capture",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : expects <expression> [ 'len' <length> | id <idx> ].",
    ),
    (
        "http-request capture src",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : expects <expression> [ 'len' <length> | id <idx> ].",
    ),
    (
        "http-request capture src len",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : expects <expression> [ 'len' <length> | id <idx> ].",
    ),
    (
        "http-request capture src len 0",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : length must be > 0.",
    ),
    (
        "http-request capture src len x",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : length must be > 0.",
    ),
    (
        "http-request capture src len 10 x",
        "'http-request capture' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request capture src id",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : expects <expression> [ 'len' <length> | id <idx> ].",
    ),
    (
        "http-request capture src id x",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : cannot parse id 'x'.",
    ),
    (
        "http-request capture foo len 10",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : unknown fetch method 'foo'.",
    ),
    (
        "http-request capture src foo",
        "error detected in proxy 'p' while parsing 'http-request capture' rule : expects <expression> [ 'len' <length> | id <idx> ].",
    ),
    (
        "http-request strict-mode",
        "error detected in proxy 'p' while parsing 'http-request strict-mode' rule : expects exactly 1 arguments.",
    ),
    (
        "http-request strict-mode x",
        "error detected in proxy 'p' while parsing 'http-request strict-mode' rule : Unexpected value 'x'. Only 'on' and 'off' are supported.",
    ),
    (
        "http-request strict-mode on x",
        "'http-request strict-mode' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request disable-l7-retry x",
        "'http-request disable-l7-retry' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request use-service",
        "error detected in proxy 'p' while parsing 'http-request use-service' rule : 'use-service' expects a service name..",
    ),
    (
        "http-request use-service foo",
        "error detected in proxy 'p' while parsing 'http-request use-service' rule : 'foo' unknown service name..",
    ),
    (
        "http-request use-service prometheus-exporter x",
        "'http-request use-service' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request wait-for-body",
        "error detected in proxy 'p' while parsing 'http-request wait-for-body' rule : expects time <time> [ at-least <bytes> ].",
    ),
    (
        "http-request wait-for-body time",
        "error detected in proxy 'p' while parsing 'http-request wait-for-body' rule : missing argument for 'time'.",
    ),
    (
        "http-request wait-for-body time x",
        "error detected in proxy 'p' while parsing 'http-request wait-for-body' rule : unexpected character 'x'.",
    ),
    (
        "http-request wait-for-body time 1s x",
        "'http-request wait-for-body' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request wait-for-body time 1s at-least",
        "error detected in proxy 'p' while parsing 'http-request wait-for-body' rule : missing argument for 'at-least'.",
    ),
    (
        "http-request wait-for-body time 1s at-least x",
        "error detected in proxy 'p' while parsing 'http-request wait-for-body' rule : unexpected character 'x'.",
    ),
    (
        "http-request wait-for-body at-least 1k",
        "error detected in proxy 'p' while parsing 'http-request wait-for-body' rule : expects time <time> [ at-least <bytes> ].",
    ),
    (
        "http-request wait-for-handshake x",
        "'http-request wait-for-handshake' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request add-acl",
        "error detected in proxy 'p' while parsing 'http-request add-acl' rule : expects exactly 1 arguments.",
    ),
    (
        "http-request add-acl(",
        "error detected in proxy 'p' while parsing 'http-request add-acl(' rule : expects exactly 1 arguments.",
    ),
    (
        "http-request add-acl()",
        "error detected in proxy 'p' while parsing 'http-request add-acl()' rule : expects exactly 1 arguments.",
    ),
    (
        "http-request add-acl(f)",
        "error detected in proxy 'p' while parsing 'http-request add-acl(f)' rule : expects exactly 1 arguments.",
    ),
    (
        "http-request add-acl(f) src x",
        "'http-request add-acl(f)' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request del-acl(f) %[foo]",
        "error detected in proxy 'p' while parsing 'http-request del-acl(f)' rule : failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
    ),
    (
        "http-request set-map(f)",
        "error detected in proxy 'p' while parsing 'http-request set-map(f)' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-map(f) x",
        "error detected in proxy 'p' while parsing 'http-request set-map(f)' rule : expects exactly 2 arguments.",
    ),
    (
        "http-request set-map(f) x y z",
        "'http-request set-map(f)' expects either 'if' or 'unless' followed by a condition but found 'z'.",
    ),
    (
        "http-request normalize-uri",
        "error detected in proxy 'p' while parsing 'http-request normalize-uri' rule : missing argument <normalizer>.",
    ),
    (
        "http-request normalize-uri foo",
        "error detected in proxy 'p' while parsing 'http-request normalize-uri' rule : unknown normalizer 'foo'.",
    ),
    (
        "http-request normalize-uri path-strip-dotdot foo",
        "error detected in proxy 'p' while parsing 'http-request normalize-uri' rule : unknown argument 'foo' for 'path-strip-dotdot' normalizer.",
    ),
    (
        "http-request normalize-uri percent-to-uppercase strict x",
        "'http-request normalize-uri' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-request normalize-uri path-merge-slashes x",
        "'http-request normalize-uri' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-response deny deny_status 418",
        "error detected in proxy 'p' while parsing 'http-response deny' rule : status code '418' not handled by default with 'default-errorfiles' argument..",
    ),
    (
        "http-response set-status",
        "error detected in proxy 'p' while parsing 'http-response set-status' rule : expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>.",
    ),
    (
        "http-response set-status 99",
        "error detected in proxy 'p' while parsing 'http-response set-status' rule : expects an integer status code between 100 and 999.",
    ),
    (
        "http-response set-status x",
        "error detected in proxy 'p' while parsing 'http-response set-status' rule : expects an integer status code between 100 and 999.",
    ),
    (
        "http-response set-status 1000",
        "error detected in proxy 'p' while parsing 'http-response set-status' rule : expects an integer status code between 100 and 999.",
    ),
    (
        "http-response set-status 200 foo",
        "'http-response set-status' expects either 'if' or 'unless' followed by a condition but found 'foo'.",
    ),
    (
        "http-response set-status 200 reason",
        "'http-response set-status' expects either 'if' or 'unless' followed by a condition but found 'reason'.",
    ),
    (
        "http-response set-status 200 reason \"Slow Down\" x",
        "'http-response set-status' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "http-response redirect prefix /",
        "error detected in proxy 'p' while parsing 'http-response redirect' rule : response only supports redirect type 'location'.",
    ),
    (
        "http-response capture src len 10",
        "error detected in proxy 'p' while parsing 'http-response capture' rule : expects 'id', found 'len'.",
    ),
    (
        "http-response capture res.hdr(a) id",
        "error detected in proxy 'p' while parsing 'http-response capture' rule : expects <expression> id <idx>.",
    ),
    (
        "http-response capture res.hdr(a)",
        "error detected in proxy 'p' while parsing 'http-response capture' rule : expects <expression> id <idx>.",
    ),
    (
        "http-response set-header x %[req.hdr(a)]",
        "error detected in proxy 'p' while parsing 'http-response set-header' rule : sample fetch <req.hdr(a)]> may not be reliably used here because it needs 'HTTP request headers' which is not available here.",
    ),
    (
        "http-after-response set-header x %[req.hdr(a)]",
        "error detected in proxy 'p' while parsing 'http-after-response set-header' rule : sample fetch <req.hdr(a)]> may not be reliably used here because it needs 'HTTP request headers' which is not available here.",
    ),
    (
        "http-after-response set-header a",
        "error detected in proxy 'p' while parsing 'http-after-response set-header' rule : expects exactly 2 arguments.",
    ),
    (
        "http-after-response capture src len 10",
        "error detected in proxy 'p' while parsing 'http-after-response capture' rule : expects 'id', found 'len'.",
    ),
    (
        "http-after-response allow x",
        "'http-after-response allow' expects either 'if' or 'unless' followed by a condition but found 'x'.",
    ),
    (
        "tcp-request connection accept x",
        "'tcp-request connection accept' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    (
        "tcp-request connection reject if foo",
        "'tcp-request connection reject' : error detected in proxy 'p' while parsing 'if' condition : no such ACL : 'foo'",
    ),
    (
        "tcp-request connection expect-proxy",
        "'tcp-request connection expect-proxy' only supports 'layer4' in proxy 'p' (got '')",
    ),
    (
        "tcp-request connection expect-proxy layer4 x",
        "'tcp-request connection expect-proxy' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    (
        "tcp-request content reject x",
        "'tcp-request content reject' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    ("tcp-request content capture", "'tcp-request content capture' : missing fetch method"),
    (
        "tcp-request content capture src",
        "'tcp-request content capture' : a positive 'len' argument is mandatory",
    ),
    ("tcp-request content capture src len", "'tcp-request content capture' : length must be > 0"),
    ("tcp-request content capture src len 0", "'tcp-request content capture' : length must be > 0"),
    (
        "tcp-request content capture src foo",
        "'tcp-request content capture' : a positive 'len' argument is mandatory",
    ),
    ("tcp-request content switch-mode", "'tcp-request switch-mode' expects a mode as argument."),
    ("tcp-request content switch-mode foo", "'tcp-request switch-mode' expects a valid mode (got 'foo')."),
    (
        "tcp-request content switch-mode http proto",
        "'tcp-request switch-mode': 'proto' expects a protocol as argument.",
    ),
    (
        "tcp-response content close x",
        "'tcp-response content close' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    (
        "http-request deny if { src 1.1.1.1",
        "error detected while parsing an 'http-request deny' condition : missing closing '}' in condition.",
    ),
    (
        "http-request deny if { foo }",
        "error detected while parsing an 'http-request deny' condition : unknown fetch method 'foo' in ACL expression 'foo'.",
    ),
    (
        "http-request deny if { hdr(x) -m foo }",
        "error detected while parsing an 'http-request deny' condition : unknown matching method 'foo' when parsing ACL expression.",
    ),
    ("tcp-request content set-src foo", "unknown fetch method 'foo'"),
    ("tcp-request content set-var(txn.a) foo", "unknown fetch method 'foo'"),
    (
        "tcp-request content set-var(a) src",
        "invalid variable name 'a'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
    ),
    ("tcp-request content set-src", "missing fetch method"),
    ("tcp-request content set-nice", "expects exactly 1 argument (integer value)"),
    ("tcp-request content set-log-level foo", "expects exactly 1 argument (log level name or 'silent')"),
    ("tcp-request connection set-src foo", "unknown fetch method 'foo'"),
    (
        "tcp-request session set-var(a) src",
        "invalid variable name 'a'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
    ),
    (
        "tcp-request content silent-drop x",
        "'tcp-request content silent-drop' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    ("tcp-request content set-priority-class foo", "unknown fetch method 'foo'"),
    ("tcp-request content capture foo len 3", "'tcp-request content capture' : unknown fetch method 'foo'"),
    ("tcp-request content use-service", "'tcp-request' expects a service name."),
    (
        "tcp-response content set-var(a) src",
        "invalid variable name 'a'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
    ),
    (
        "tcp-response content reject if foo",
        "'tcp-response content reject' : error detected in proxy 'p' while parsing 'if' condition : no such ACL : 'foo'",
    ),
    (
        "tcp-response content set-log-level info x",
        "'tcp-response content set-log-level' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    (
        "tcp-request content set-var(txn.a) src x",
        "'tcp-request content set-var(txn.a)' only accepts 'if' or 'unless', in proxy 'p' (got 'x')",
    ),
    (
        "http-request set-src res.hdr(a)",
        "error detected in proxy 'p' while parsing 'http-request set-src' rule : fetch method 'res.hdr(a)' extracts information from 'HTTP response headers', none of which is available here.",
    ),
    // newer than the installed original: the manual's words where it has some
    (
        "http-request auth realm",
        "error detected in proxy 'p' while parsing 'http-request auth' rule : missing realm value.\n.",
    ),
    (
        "http-request set-timeout foo 3s",
        "error detected in proxy 'p' while parsing 'http-request set-timeout' rule : 'set-timeout' rule supports 'client'/'connect'/'queue'/'server'/'tarpit'/'tunnel' (got 'foo').",
    ),
    (
        "http-request set-var(txn.b-r) src",
        "error detected in proxy 'p' while parsing 'http-request set-var(txn.b-r)' rule : invalid syntax at char '-r'.",
    ),
    (
        "http-request silent-drop rst-ttl 300",
        "error detected in proxy 'p' while parsing 'http-request silent-drop' rule : rst-ttl expects an integer value between 1 and 255 (got '300').",
    ),
    (
        "http-request redirect foo",
        "error detected in proxy 'p' while parsing 'http-request redirect' rule : expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', 'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was 'foo').",
    ),
    (
        "http-request set-fc-mark x",
        "error detected in proxy 'p' while parsing 'http-request set-fc-mark' rule : unknown fetch method 'x'.",
    ),
    (
        "http-request set-retries 101",
        "error detected in proxy 'p' while parsing 'http-request set-retries' rule : expects an integer value between 0 and 100 (got 101).",
    ),
    (
        "http-request pause 1x",
        "error detected in proxy 'p' while parsing 'http-request pause' rule : unexpected character 'x' in rule 'pause'.",
    ),
    (
        "http-request do-log profile",
        "error detected in proxy 'p' while parsing 'http-request do-log' rule : 'do-log profile' expects the name of a log-profile section.",
    ),
    ("tcp-request content use-service foo", "'foo' unknown service name."),
];

/// Lines that are taken.
pub const RIGHT: &[&str] = &[
    "http-request add-header x y if",
    "http-request add-header x %{+Z}[src]",
    "http-request early-hint x y",
    "http-request del-header x -m beg",
    "http-request del-header x -m reg if TRUE",
    "http-request replace-value x y z if TRUE",
    "http-request set-log-level silent",
    "http-request set-nice x",
    "http-request set-nice 5000",
    "http-request set-tos 0x10",
    "http-request set-tos 500",
    "http-request set-mark 0x10",
    "http-request set-src src",
    "http-request set-src-port int(3)",
    "http-request set-src hdr(x)",
    "http-request set-timeout server src",
    "http-request set-timeout server str(a)",
    "http-request set-timeout tunnel 3s if TRUE",
    "http-request set-var(txn.bar,ifexists) src",
    "http-request set-var(txn.bar,ifexists,ifnotset) src",
    "http-request set-var-fmt(txn.a)",
    "http-request set-var-fmt(txn.a) %[src]:%[dst]",
    "http-request unset-var(txn.a)",
    "http-request allow",
    "http-request deny",
    "http-request deny deny_status 429",
    "http-request deny status 418",
    "http-request deny status 418 content-type text/plain string foo",
    "http-request deny deny_status 404 errorfiles he",
    "http-request deny deny_status 403 errorfiles he",
    "http-request deny default-errorfiles hdr x y",
    "http-request deny content-type text/plain string foo",
    "http-request deny content-type text/plain",
    "http-request deny content-type a content-type b string x",
    "http-request deny status 403 status 404",
    "http-request return",
    "http-request return status 204",
    "http-request return status 404 errorfile /404.http",
    "http-request return status 418 errorfile /404.http",
    "http-request return default-errorfiles",
    "http-request return status 404 errorfiles he hdr a b",
    "http-request return content-type a file /empty",
    "http-request return content-type a string b hdr x y if TRUE",
    "http-request return content-type a errorfile /404.http",
    "http-request tarpit",
    "http-request tarpit deny_status 400",
    "http-request auth",
    "http-request auth realm \"a b\" if TRUE",
    "http-request reject",
    "http-request silent-drop",
    "http-request redirect location / prefix /x",
    "http-request redirect location / set-cookie a clear-cookie b",
    "http-request redirect location / drop-query append-slash",
    "http-request redirect location / if",
    "http-request redirect location / ignore-empty",
    "http-request capture src len 10",
    "http-request strict-mode off",
    "http-request disable-l7-retry",
    "http-request use-service prometheus-exporter",
    "http-request wait-for-body time 1s at-least 1k",
    "http-request wait-for-handshake",
    "http-request add-acl(f) %[src]",
    "http-request set-map(f) x y",
    "http-request del-map(f) x",
    "http-request normalize-uri path-strip-dotdot full",
    "http-response allow",
    "http-response deny",
    "http-response deny deny_status 502",
    "http-response redirect location / drop-query",
    "http-response redirect location /",
    "http-response return status 200",
    "http-response wait-for-body time 1s",
    "http-after-response set-status 404",
    "tcp-request connection accept",
    "tcp-request connection reject if HTTP",
    "tcp-request connection expect-proxy layer4",
    "tcp-request connection expect-netscaler-cip layer4",
    "tcp-request connection set-src src",
    "tcp-request connection set-var(txn.a) src",
    "tcp-request connection set-var(sess.a) src",
    "tcp-request connection silent-drop",
    "tcp-request session accept",
    "tcp-request session reject if { src 1.1.1.1 }",
    "tcp-request session set-src src",
    "tcp-request content accept",
    "tcp-request content capture src len 10",
    "tcp-request content set-dst src",
    "tcp-request content switch-mode http",
    "tcp-request content set-log-level info",
    "tcp-response content accept",
    "tcp-response content reject",
    "tcp-response content close",
    "http-request deny if or",
    "http-request deny if !",
    "http-request deny unless",
    "http-request deny if { path }",
    "http-request set-header x y unless { src 1.1.1.1 } || { path / }",
    "tcp-request content accept if { res.hdr(a) -m found }",
    "tcp-request connection accept if { path / }",
    "http-request deny if { res.hdr(a) -m found }",
    "http-request set-timeout client 3s",
    "http-request silent-drop rst-ttl 3",
    "http-request redirect location / keep-query",
    "http-request redirect location / set-cookie-fmt a=%[src]",
    "http-request set-fc-mark src",
    "http-request set-retries 100",
    "http-request pause 1s",
    "http-request pause int(100)",
    "http-request do-log",
    "http-request add-headers-bin req.fhdr(a) prefix x-",
    "http-response set-timeout server 1s",
    "http-after-response do-log if { status 200 }",
    "tcp-request session set-fc-tos 8",
];
