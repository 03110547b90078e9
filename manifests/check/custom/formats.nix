# The formats of texts that the API server knows (kube-openapi, strfmt), as it reads them. Any other format, such as
# `int64`, has no effect. `holds` is null where only the server can decide: host names and email addresses beyond
# ASCII, and rare forms of URIs and email addresses. Long texts are also left to the server.
let
  inherit (builtins)
    all
    elemAt
    filter
    foldl'
    fromJSON
    genList
    isList
    match
    replaceStrings
    split
    stringLength
    substring
    ;

  inherit (import ./text-pattern.nix) hex matches splitAt;
  inherit (import ./addresses.nix) isCidr isIpv4 isIpv6;

  sum = foldl' (a: b: a + b) 0;
  # JSON allows no number such as "08", so a 1 is put in front.
  toNumber =
    digits:
    let
      zeros = replaceStrings (genList (index: toString (index + 1)) 9) (genList (_: "0") 9) digits;
    in
    fromJSON "1${digits}" - fromJSON "1${zeros}";
  digitsOf = text: genList (index: toNumber (substring index 1 text)) (stringLength text);
  mod = a: b: a - a / b * b;

  uuid =
    third: fourth: matches "${hex}{8}-?${hex}{4}-?${third}${hex}{3}-?${fourth}${hex}{3}-?${hex}{12}";
  aUuid = ''a UUID, such as "123e4567-e89b-42d3-a456-426614174000"'';

  days = [
    31
    28
    31
    30
    31
    30
    31
    31
    30
    31
    30
    31
  ];
  isDate =
    text:
    let
      parts = match "([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})" text;
      year = toNumber (elemAt parts 0);
      month = toNumber (elemAt parts 1);
      day = toNumber (elemAt parts 2);
      isLeap = mod year 4 == 0 && (mod year 100 != 0 || mod year 400 == 0);
    in
    parts != null
    && day >= 1
    && day <= elemAt days (month - 1) + (if month == 2 && isLeap then 1 else 0);

  # The text after a second `t` isn't checked.
  isDateTime =
    text:
    let
      time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([^\n][0-9]+)?";
      zone = "([zZ]|[+-][0-9]{2}:[0-9]{2})";
      parts = match "([^tT]*)[tT]${time}${zone}([tT].*)?" text;
    in
    if isAscii text then parts != null && isDate (elemAt parts 0) else null;

  # A duration as Go writes it, or a number with a unit of Scala's somewhere after it.
  units =
    "([nNuUmM]?[sS]|[mMhHdDwW]|[hH][rR]|[wW][kK]|[nN][aA][nN][oO].*|[mM][iI][cC][rR][oO].*|"
    + "[mM][iI][lL][lL][iI].*|[sS][eE][cC].*|[mM][iI][nN].*|[hH][oO][uU][rR].*|[dD][aA][yY].*|[wW][eE][eE][kK].*)";
  isDuration =
    text:
    let
      parts = filter isList (split "([0-9]+)[[:space:]]*([A-Za-z]+)" text);
      isLong = matches ".*[0-9]{16}.*" text;
      isFound = filter (part: matches units (elemAt part 1)) parts != [ ];
    in
    if !isAscii text || isLong then
      null
    else
      matches "[-+]?(0|(([0-9]{1,6}([.][0-9]*)?|[.][0-9]+)(ns|us|ms|s|m|h))+)" text || isFound;

  isAscii = matches "[[:print:][:cntrl:]]*";
  labels = splitAt "[.]";
  isHostname =
    text:
    let
      # The server counts symbols as letters here: $+<=>^`|~
      letters = "a-zA-Z0-9$+<=>^`|~";
      one = "[${letters}](-?[${letters}]{0,62})?";
      several = "([${letters}]([${letters}-]{0,61}[${letters}])?[.])+[a-zA-Z]{2,63}";
    in
    if !isAscii text then
      null
    else
      stringLength text <= 255
      && all (label: stringLength label <= 63) (labels text)
      && matches "(${one}|${several})" text;

  isMac =
    let
      bytes =
        separator:
        "${hex}{2}(${separator}${hex}{2}){5}((${separator}${hex}{2}){2}((${separator}${hex}{2}){12})?)?";
      pairs = "${hex}{4}([.]${hex}{4}){2}(([.]${hex}{4})(([.]${hex}{4}){6})?)?";
    in
    matches "${bytes ":"}|${bytes "-"}|${pairs}|${hex}{12}(${hex}{4}(${hex}{24})?)?";

  # Removes the separators between digits. The result is null where a separator may be a character that Nix doesn't
  # know.
  isbnDigits = replaceStrings [ " " "-" "\t" "\n" "\r" ] [ "" "" "" "" "" ];
  isIsbn10 =
    text:
    let
      digits = isbnDigits text;
      last = substring 9 1 digits;
      values = digitsOf (substring 0 9 digits) ++ [ (if last == "X" then 10 else toNumber last) ];
    in
    matches "[0-9]{9}[0-9X]" digits
    && mod (sum (genList (index: (index + 1) * elemAt values index) 10)) 11 == 0;
  isIsbn13 =
    text:
    let
      digits = isbnDigits text;
      values = digitsOf digits;
    in
    matches "[0-9]{13}" digits
    &&
      mod (sum (genList (index: (if mod index 2 == 0 then 1 else 3) * elemAt values index) 13)) 10 == 0;

  # Plain texts are decided here. Any other text may be a URI too.
  isUri =
    text:
    let
      scheme = "[A-Za-z][A-Za-z0-9+.-]*";
      path = "/[A-Za-z0-9._~/-]*";
      opaque = "${scheme}:[A-Za-z0-9._~-]+";
      address = "${scheme}://[A-Za-z0-9.-]+(:[0-9]*)?(${path})?";
    in
    if text == "" || matches ":.*" text then
      false
    else if matches "${path}|${opaque}|${address}" text then
      true
    else if matches "[^:/*][^:]*|[0-9].*" text then
      false
    else
      null;
  atom = "[^][:space:]()<>;:@\\,.\"[]+";
  atoms = "${atom}([.]${atom})*";
  isEmail =
    text:
    if !isAscii text then
      null
    else if matches "${atoms}@${atoms}" text then
      true
    else if !matches ".*@.*" text || matches "[^][()<>\"]*" text then
      (
        if matches ".*[:;].*" text && matches ".*@.*" text then
          null
        else
          matches "[ ]*${atoms}@[ ]*${atoms}[ ]*" text
      )
    else
      null;

  formats = {
    # Kubernetes 1.34 doesn't know the first two yet.
    k8sshortname = {
      holds = matches "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
      expected = "a name of up to 63 small letters, digits and dashes";
    };
    k8slongname = {
      holds =
        text: stringLength text <= 253 && all (matches "[a-z0-9]([-a-z0-9]*[a-z0-9])?") (labels text);
      expected = "a name of up to 253 small letters, digits, dashes and dots";
    };
    bsonobjectid = {
      holds = matches "${hex}{24}";
      expected = "an object ID of 24 hexadecimal digits";
    };
    uri = {
      holds = isUri;
      expected = ''a URI, such as "https://example.org"'';
    };
    email = {
      holds = isEmail;
      expected = "an email address";
    };
    hostname = {
      holds = isHostname;
      expected = "a host name";
    };
    ipv4 = {
      holds = isIpv4;
      expected = "an IPv4 address";
    };
    ipv6 = {
      holds = isIpv6;
      expected = "an IPv6 address";
    };
    cidr = {
      holds = isCidr;
      expected = ''a range of addresses, such as "10.0.0.0/8"'';
    };
    mac = {
      holds = isMac;
      expected = "a MAC address";
    };
    uuid = {
      holds = uuid hex hex;
      expected = aUuid;
    };
    uuid3 = {
      holds = uuid "3" hex;
      expected = "${aUuid}, of version 3";
    };
    uuid4 = {
      holds = uuid "4" "[89abAB]";
      expected = "${aUuid}, of version 4";
    };
    uuid5 = {
      holds = uuid "5" "[89abAB]";
      expected = "${aUuid}, of version 5";
    };
    isbn = {
      holds = text: isIsbn10 text || isIsbn13 text;
      expected = "an ISBN";
    };
    isbn10 = {
      holds = isIsbn10;
      expected = "an ISBN of 10 digits";
    };
    isbn13 = {
      holds = isIsbn13;
      expected = "an ISBN of 13 digits";
    };
    # Nobody writes a credit card number into a manifest, so the server alone checks it.
    creditcard = {
      holds = _: null;
      expected = "a number of a credit card";
    };
    ssn = {
      holds = text: stringLength text == 11 && matches "[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}" text;
      expected = "a social security number";
    };
    hexcolor = {
      holds = matches "#?(${hex}{3}|${hex}{6})";
      expected = ''a colour, such as "#ff0000"'';
    };
    rgbcolor = {
      holds =
        let
          space = "[\t\n\r ]*";
          channel = "${space}(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])${space}";
        in
        text: if isAscii text then matches "rgb[(]${channel},${channel},${channel}[)]" text else null;
      expected = ''a colour, such as "rgb(255,0,0)"'';
    };
    byte = {
      holds = matches "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})";
      limit = 4096;
      expected = "a string in Base64";
    };
    password = {
      holds = _: true;
      expected = "a string";
    };
    date = {
      holds = isDate;
      expected = ''a date, such as "2026-01-31"'';
    };
    duration = {
      holds = isDuration;
      expected = ''a duration, such as "1h30m"'';
    };
    datetime = {
      holds = isDateTime;
      expected = ''a time as in RFC 3339, such as "2026-01-31T12:00:00Z"'';
    };
  };
in
{
  /**
    Returns the format of a schema, or null where the server doesn't enforce one.
  */
  of =
    schema:
    let
      # The server ignores dashes in the name of a format.
      name = replaceStrings [ "-" ] [ "" ] (schema.format or "");
      found = formats.${name};
      # Nix's matcher uses the stack for each character, and may read a character several times.
      limit = found.limit or 256;
    in
    if formats ? ${name} then
      found // { holds = text: if stringLength text > limit then null else found.holds text; }
    else
      null;
}
