# Addresses and networks of IP, as the API server reads them (kube-openapi, strfmt).
let
  inherit (builtins)
    all
    concatLists
    elemAt
    fromJSON
    genList
    length
    map
    match
    ;
  inherit (import ./text-pattern.nix) hex matches splitAt;

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  ipv4 = matches "${octet}([.]${octet}){3}";
  # Kubernetes accepts the old form of an address, with zeros in front.
  sloppyIpv4 = matches "0*${octet}([.]0*${octet}){3}";
  group = matches "${hex}{1,4}";
  sloppyGroup = matches "0*${hex}{1,4}";

  # An address has eight groups of 16 bits. The last two may be written as an IPv4 address, and `::` stands for
  # missing groups.
  isGroups =
    isIpv4: isGroup: text:
    let
      halves = splitAt "::" text;
      parts = concatLists (map (half: if half == "" then [ ] else splitAt ":" half) halves);
      last = length parts - 1;
      isMixed = parts != [ ] && matches ".*[.].*" (elemAt parts last) && !matches ".*::" text;
      count = length parts + (if isMixed then 1 else 0);
      isRight = index: (if isMixed && index == last then isIpv4 else isGroup) (elemAt parts index);
    in
    length halves <= 2
    && (if length halves == 2 then count < 8 else count == 8)
    && all isRight (genList (index: index) (length parts));

  isIpv4 =
    text:
    if matches "[^:]*[.].*" text then
      sloppyIpv4 text
    else
      matches ".*[.].*" text && isGroups sloppyIpv4 sloppyGroup text;
  isIpv6 = text: matches ".*:.*" text && isGroups ipv4 group text;
  isCidr =
    text:
    let
      parts = match "([^/]*)/0*(0|[1-9][0-9]{0,2})" text;
      address = elemAt parts 0;
      mask = fromJSON (elemAt parts 1);
    in
    parts != null
    && (
      if sloppyIpv4 address then mask <= 32 else isGroups sloppyIpv4 sloppyGroup address && mask <= 128
    );
in
{
  inherit isCidr isIpv4 isIpv6;
}
