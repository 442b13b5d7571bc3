/**
 * The grammar of filters for Peggy: the query syntax of Apache Lucene's classic parser, as OpenSearch takes
 * it in `q=`, as far as it says what matches. Boosts are read and ignored, scores have no place in a list.
 *
 * Two differences, both on purpose: AND binds closer than OR (the classic parser has no precedence, and
 * `a OR b AND c` ignores `a`), and a value behind a field may hold `:` and `/` without a backslash.
 *
 * Recursion is in parentheses only, whose depth is bounded before.
 */
export const GRAMMAR = String.raw`
{{
  const only = (nodes, type) => (nodes.length === 1 ? nodes[0] : { type, nodes });

  /** Clauses side by side: what must be, what must not; the others are wanted only if nothing must be. */
  function sideBySide(nodes) {
    if (nodes.length === 1) return nodes[0];
    const firm = nodes.filter(({ type }) => type === 'must' || type === 'not');
    const others = nodes.filter((node) => !firm.includes(node));
    const needed = others.length > 0 && !nodes.some(({ type }) => type === 'must');
    return only(needed ? [only(others, 'or'), ...firm] : firm, 'and');
  }

  /** Runs of characters, and the wildcards between them. */
  function joined(parts) {
    const joined = [];
    for (const part of parts) {
      const last = joined.at(-1);
      if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
      else joined.push(part);
    }
    return joined;
  }
}}

Filter = _ node:SideBySide? _ { return node ?? { type: 'all' }; }

SideBySide = head:Either tail:(_ @Either)* { return sideBySide([head, ...tail]); }

Either = head:Both tail:(_ Or _ @Both)* { return only([head, ...tail], 'or'); }

Both = head:Clause tail:(_ And _ @Clause)* { return only([head, ...tail], 'and'); }

Clause = signs:(@Sign _)* node:Primary {
    if (signs.length === 0) return node;
    const negated = signs.filter((sign) => sign === '-').length % 2 === 1;
    return { type: negated ? 'not' : 'must', node };
  }

Primary
  = "*:*" { return { type: 'all' }; }
  / field:Field ":" _ value:(Group / Value) {
      return value.type === 'value'
        ? { ...value, field: field.name, fieldAt: field.at }
        : { type: 'group', field: field.name, at: field.at, node: value };
    }
  / Group
  / BareValue

Group = "(" _ node:SideBySide _ ")" Boost? { return node; }

Value = @(Range / Comparison / Phrase / Regex / Word) Boost?

BareValue = @(Range / Comparison / Phrase / Regex / BareWord) Boost?

Range "a range" = open:[[{] _ min:Bound __ "TO" __ max:Bound _ close:[\]}] {
    const bound = (value, closed) => (value.parts?.[0]?.wildcard === '*' ? undefined : { ...value, closed });
    return {
      type: 'value', kind: 'range', at: offset(), min: bound(min, open === '['), max: bound(max, close === ']'),
    };
  }

Bound = Phrase / parts:BoundPart+ { return { type: 'value', kind: 'term', at: offset(), parts: joined(parts) }; }
BoundPart = Escaped / Wildcard / [^ \t\r\n\f()[\]{}"\\*?]

Comparison "a comparison" = operator:$([<>] "="?) _ value:(Phrase / Word) {
    const bound = { ...value, closed: operator.endsWith('=') };
    return { type: 'value', kind: 'range', at: offset(), [operator.startsWith('>') ? 'min' : 'max']: bound };
  }

Phrase "a phrase" = "\"" text:(@"\\" @. / [^"\\])* "\"" Fuzzy? {
    const plain = text.map((part) => (Array.isArray(part) ? part[1] : part)).join('');
    return { type: 'value', kind: 'term', at: offset(), parts: [plain], phrase: true };
  }

Regex "a value" = "/" { error('regular expressions are not supported; use the wildcards * and ?'); }

Word "a value" = ![/<>] parts:WordPart+ Fuzzy? { return { type: 'value', kind: 'term', at: offset(), parts: joined(parts) }; }
WordPart = Escaped / Wildcard / [^ \t\r\n\f()[\]{}"\\^~*?]

BareWord "a value" = !Operator ![-+!/<>=] parts:BareWordPart+ Fuzzy? {
    return { type: 'value', kind: 'term', at: offset(), parts: joined(parts) };
  }
BareWordPart = Escaped / Wildcard / [^ \t\r\n\f()[\]{}"\\^~*?:]

Field "a field" = !Operator ![-+!/<>=] name:(Escaped / [^ \t\r\n\f()[\]{}"\\^~*?:])+ &":" {
    return { name: name.join(''), at: offset() };
  }

Escaped = "\\" @.
Wildcard = wildcard:[*?] { return { wildcard }; }
Fuzzy = "~" { error('fuzzy and proximity searches are not supported'); }
Boost "a boost" = "^" [0-9]+ ("." [0-9]+)?

Operator = ("AND" / "OR" / "NOT") End
And "AND" = "AND" End / "&&"
Or "OR" = "OR" End / "||"
Sign "NOT, + or -" = [-!] { return '-'; } / "NOT" End { return '-'; } / "+"
End = ![^ \t\r\n\f()"[{]

_ "white space" = [ \t\r\n\f]*
__ "white space" = [ \t\r\n\f]+
`;
