# The image of an application: it is given, or made from a package, so that nobody needs to know about images.
let
  inherit (builtins)
    head
    isAttrs
    isList
    isString
    match
    parseDrvName
    tail
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../../nix/store-path.nix) parse toStorePath;
  makeImage = import ../../nix/image.nix;

  # "serve" is a program of the package. A word with a slash is a path already.
  toProgram = path: word: if match "[^/]+" word == null then word else "${path}/bin/${word}";

  # The program that nixpkgs' `lib.getExe` runs, or else the program with the package's name.
  mainProgram =
    package: path:
    package.meta.mainProgram or package.pname or (parseDrvName (package.name or (parse path).name))
    .name;

  checkCommand =
    builder: command:
    if isList command && command != [ ] && builtins.filter (word: !isString word) command == [ ] then
      command
    else
      refuse builder "command" command "a list of strings: the program and its first arguments";
in
/**
  Returns { image; command; }. `command` is the command of the container. It is null where the image has the command.
*/
{
  # the builder that refuses
  builder,
  # name of the application
  name,
  # an image, or null
  image,
  # a package, or null
  package,
  # list of strings, or null
  command,
}:
let
  path = toStorePath builder "package" package;
  attributes = if isAttrs package then package else { };
  words = if command == null then null else checkCommand builder command;
in
if (image == null) == (package == null) then
  throw (
    "${builder}: image and package are "
    + (if image == null then "missing" else "given")
    + ", expected one of them"
  )
else if image != null then
  {
    inherit image;
    command = words;
  }
else if attributes ? imageRef then
  refuse builder "package" package "a package; this is an image: write `image`"
else
  {
    image = makeImage {
      inherit name;
      contents = [ package ];
      entrypoint =
        if words == null then
          [ "${path}/bin/${mainProgram attributes path}" ]
        else
          [ (toProgram path (head words)) ] ++ tail words;
    };
    command = null;
  }
