# What is known of the objects of a directory, as lines of JSON in `objects.jsonl`: for tools, and for joining
# directories. kubectl, which reads .json, .yaml and .yml, leaves a file of this name alone.
#
# One line an object; its keys are in their order, so that `file` comes first and `object` last, where a shell finds
# them (join.nix). It is text alone: what a directory refers to are the images, by its objects.
let
  inherit (builtins)
    concatStringsSep
    map
    toJSON
    unsafeDiscardStringContext
    ;
  identityOf = import ../objects/identity.nix;
  originsOf = import ./image-origin.nix;

  lineOf =
    kubernetesVersion:
    { object, file, ... }:
    toJSON {
      inherit file kubernetesVersion;
      images = map (
        {
          field,
          image,
          origin,
          ...
        }:
        {
          inherit field;
          derivation = origin.derivation or null;
          reference = image;
          storePath = origin.store-path or null;
        }
      ) (originsOf object);
      object = identityOf object;
    };
in
{
  # name of the file
  name = "objects.jsonl";

  # "1.34" or null -> [ { object; file; } ] -> text
  text =
    kubernetesVersion: files:
    unsafeDiscardStringContext (
      concatStringsSep "" (map (file: "${lineOf kubernetesVersion file}\n") files)
    );
}
