/**
  Returns the text of a file of this library, without string context.

  Nix 2.8 gives a text that it reads in a store path the references of that path. `fromJSON` then refuses the text,
  and derivations made from it get other names. The files of this library refer to nothing.

  # Type

      readText :: path -> string
*/
file: builtins.unsafeDiscardStringContext (builtins.readFile file)
