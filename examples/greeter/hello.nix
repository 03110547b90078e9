# A package made with nothing but what Nix has built in: a script, and the static busybox that runs it.
{
  # a statically linked busybox, on this machine or in the store
  busybox ? /bin/busybox,
}:
let
  inherit (builtins)
    baseNameOf
    dirOf
    path
    pathExists
    storeDir
    stringLength
    substring
    ;

  # busybox picks its command by the name it is called with, so it must keep its name: a file copied to the store
  # would be called <hash>-busybox. Hence a directory with the one file. Where /bin is a link to /usr/bin, a copy of
  # /bin would be that link.
  isInStore = substring 0 (stringLength storeDir) (toString busybox) == storeDir;
  merged = /usr + toString busybox;
  real = if pathExists merged then merged else busybox;
  copied = path {
    name = "busybox";
    path = dirOf real;
    filter = file: _: baseNameOf file == baseNameOf real;
  };
  program = if isInStore then "${busybox}" else "${copied}/${baseNameOf real}";
in
derivation {
  name = "hello";
  system = builtins.currentSystem;
  builder = program;
  args = [
    "sh"
    "-euc"
    ''
      "$busybox" mkdir -p "$out/bin"
      printf '#!%s sh\necho "Hello from %s"\n' "$busybox" "$out" > "$out/bin/hello"
      "$busybox" chmod 555 "$out/bin/hello"
    ''
  ];
  busybox = program;
}
