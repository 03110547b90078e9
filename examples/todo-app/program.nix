# A program that serves HTTP: busybox, which starts a script for each request. Nothing but what Nix has built in.
{
  # a statically linked busybox, on this machine or in the store
  busybox ? /bin/busybox,
}:
let
  # In the store under its own name, as the greeter has it.
  program = (import ../greeter/hello.nix { inherit busybox; }).busybox;
in
{
  # name of the package, and of its program
  name,
  # number of the port that it listens on
  port,
  # the script for requests to /cgi-bin/items: $busybox runs each command
  script,
}:
derivation {
  inherit name script;
  system = builtins.currentSystem;
  port = toString port;
  builder = program;
  busybox = program;
  args = [
    "sh"
    "-euc"
    ''
      "$busybox" mkdir -p "$out/bin" "$out/www/cgi-bin"
      echo ok > "$out/www/healthz"
      printf '#!%s sh\nexport busybox=%s\n%s' "$busybox" "$busybox" "$script" > "$out/www/cgi-bin/items"
      printf '#!%s sh\nexec %s httpd -f -p %s -h %s/www\n' "$busybox" "$busybox" "$port" "$out" > "$out/bin/$name"
      "$busybox" chmod 555 "$out/bin/$name" "$out/www/cgi-bin/items"
    ''
  ];
}
