# The facts about the objects of a directory, as lines of JSON in `objects.jsonl`. Tools read them, and joinManifests.
# kubectl reads .json, .yaml and .yml files, and so it ignores this one.
#
# Each object has one line. The keys are sorted, so `file` is first and `object` last, where a shell can find them
# (join-manifests.nix). The text has no context: the objects refer to the images of the directory.
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

  /**
    Returns the text for a version of Kubernetes, or null, and a list [ { object; file; } ].
  */
  text =
    kubernetesVersion: files:
    unsafeDiscardStringContext (
      concatStringsSep "" (map (file: "${lineOf kubernetesVersion file}\n") files)
    );
}
