# readText :: path -> string
#
# The text of a file of this library. Nix 2.8 gives what it reads in a store path the references of that path, and then
# neither `fromJSON` takes it, nor has what is made of it the name that it has elsewhere. Our own files refer to
# nothing.
file: builtins.unsafeDiscardStringContext (builtins.readFile file)
