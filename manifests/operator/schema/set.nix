# The schema of DeliverySet.
let
  inherit (import ./words.nix)
    conditions
    count
    label
    listOf
    name
    object
    observedGeneration
    secretKey
    switch
    text
    ;
  delivery = import ./delivery.nix;
  number = count 0 9007199254740991;
in
{
  type = "object";
  description = "Profiles that are brought to many clusters, some at once, and watched while they are.";
  required = [ "spec" ];
  properties = {
    spec = object [ "profiles" "clusters" ] {
      profiles =
        (listOf 32 (object [ "name" "source" ] (
          delivery
          // {
            name = label "Name of the profile within the set.";
            dependsOn = listOf 32 (object [ "name" ] {
              name = label "Name of another profile of this set. Both are meant in the same cluster.";
            } "A profile.") "Profiles of this set that must be ready first, in each cluster.";
          }
        ) "A DeliveryProfile without its target.") "The profiles that each cluster gets.")
        // {
          minItems = 1;
          x-kubernetes-list-type = "map";
          x-kubernetes-list-map-keys = [ "name" ];
        };
      clusters =
        (object [ ]
          {
            secrets =
              listOf 256 (secretKey "A Secret that has a kubeconfig.")
                "Secrets by name, in the order in which they get a change.";
            selector = object [ "matchLabels" ] {
              matchLabels = {
                type = "object";
                minProperties = 1;
                maxProperties = 16;
                additionalProperties = {
                  type = "string";
                  maxLength = 63;
                };
                description = "Labels that a Secret must have.";
              };
              key = (text "Key of these Secrets that has the kubeconfig.") // {
                default = "value";
                maxLength = 253;
              };
            } "Secrets by labels, ordered by name, after those of secrets.";
          }
          "The clusters, each by a Secret that has its kubeconfig. The Secrets are in the namespace of the set."
        )
        // {
          x-kubernetes-validations = [
            {
              rule = "has(self.secrets) || has(self.selector)";
              message = "expected secrets, selector or both";
            }
          ];
        };
      rollout =
        (object [ ] {
          atOnce = (count 1 256 "How many clusters get a change at once.") // {
            default = 1;
          };
          stopAtFirstFailure = switch true "No further cluster gets a change while one that got it is not ready.";
        } "How a change goes from cluster to cluster.")
        // {
          # An apply that takes the last field away leaves null.
          default = { };
        };
      suspend = switch false "Halts the roll-out. Profiles that have the change go on.";
    } "What is delivered, and to which clusters.";
    status = object [ ] {
      inherit conditions observedGeneration;
      clusters = number "How many clusters there are.";
      profiles = number "How many profiles all clusters have together.";
      updated = number "How many of them have the last change.";
      ready = number "How many of them have it and are ready.";
      failed = number "How many of them have it and failed.";
      progress = listOf 256 (object [ "cluster" "state" ] {
        cluster = name "Name of the Secret.";
        state = text "waiting, progressing, ready or failed.";
        message = text "The reason of a failure.";
      } "A cluster.") "How far each cluster is.";
    } "What the operator found. It alone writes it.";
  };
  x-kubernetes-validations = [
    {
      rule = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')";
      message = "the name must have at most 63 of a-z, 0-9 and -";
    }
  ];
}
