/**
  Returns a derivation whose output is one JSON file: exactly `builtins.toJSON value` and a newline.

  It must be a derivation, since `builtins.toFile` can't refer to what derivations build. It has no PATH, and only the
  commands of the shell itself, since the library needs no nixpkgs. The text comes in a file, because an environment
  variable ends at 128 KiB (MAX_ARG_STRLEN). `read` takes about 0.7 s for a MiB in dash and 1 s in busybox.
*/
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
    # `read` fails at the end of a file without a newline, but has read the text. JSON is never empty.
    ''
      json=
      IFS= read -r json < "$jsonPath" || :
      [ -n "$json" ] && printf '%s\n' "$json" > "$out"
    ''
  ];
  # Writing it costs less than sending it to another machine.
  preferLocalBuild = true;
  allowSubstitutes = false;
}
