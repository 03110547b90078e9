# A derivation whose output is one JSON file: exactly `builtins.toJSON value` and a newline.
#
# It must be a derivation and not `builtins.toFile`, which can't refer to what derivations build. There is no PATH in
# it and nothing but the shell's own commands, since the library asks for no nixpkgs; the text comes in a file, because
# an environment variable ends at 128 KiB (MAX_ARG_STRLEN). `read` takes about 0.7 s a MiB in dash and 1 s in busybox.
{
  # name of the file in the store
  name,
  # system of the machine that writes the file
  system,
  # anything `builtins.toJSON` takes
  value,
}:
derivation {
  inherit name system;
  json = builtins.toJSON value;
  passAsFile = [ "json" ];
  builder = "/bin/sh";
  args = [
    "-c"
    # `read` fails at an end of file without newline, having read the text all the same. JSON is never empty.
    ''
      json=
      IFS= read -r json < "$jsonPath" || :
      [ -n "$json" ] && printf '%s\n' "$json" > "$out"
    ''
  ];
  # Writing it costs less than asking another machine.
  preferLocalBuild = true;
  allowSubstitutes = false;
}
