# The schema of DeliveryProfile.
let
  inherit (import ./words.nix)
    conditions
    count
    label
    listOf
    object
    observedGeneration
    secretKey
    switch
    text
    ;
  delivery = import ./delivery.nix;

  place =
    description:
    object [ "cluster" "namespace" ] {
      cluster = text "UID of the cluster's namespace kube-system.";
      namespace = text "Namespace of the record of the delivery.";
      serviceAccountName = text "ServiceAccount that it was delivered as.";
      kubeConfig = object [ "name" "key" ] {
        name = text "Name of the Secret.";
        key = text "Key of the Secret.";
      } "Secret of the kubeconfig. Absent for the cluster of the operator.";
    } description;

  number = count 0 9007199254740991;
in
{
  type = "object";
  description = "Objects that are brought to a cluster, and kept there as they are.";
  required = [ "spec" ];
  properties = {
    spec = object [ "source" ] (
      delivery
      // {
        target =
          (object [ ] {
            kubeConfig = object [ "secretRef" ] {
              secretRef = secretKey (
                "The Secret that has the kubeconfig. It may name no files and run no programs."
              );
            } "A kubeconfig of the target cluster.";
          } "The cluster that is delivered to. Default: this one.")
          // {
            # An apply that takes the last field away leaves null.
            default = { };
          };
        suspend = switch false "Nothing is delivered, and drift is not looked for.";
        rollbackTo = count 1 2147483647 (
          "Number of an earlier generation, as status.history has it. While it is set, that "
          + "generation is delivered instead of the source."
        );
        dependsOn = (
          listOf 64 (object [ "name" ] {
            name = label "Name of the profile.";
            namespace = label "Namespace of the profile. Default: that of this one.";
          } "A profile.") "Profiles that must be ready first."
        );
      }
    ) "What is delivered, where, and how.";
    status = object [ ] {
      inherit conditions observedGeneration;
      revision = text "The store path that was delivered last.";
      attemptedRevision = text "The store path that was tried last.";
      generation = number "Number of the last delivery. spec.rollbackTo goes back to an earlier one.";
      objects = number "How many objects belong to the profile in the target.";
      inventory =
        listOf 50 (text "Kind, namespace and name.")
          "The first objects of the profile in the target.";
      driftedObjects = number "How many objects differ from what was delivered.";
      drift = listOf 50 (object [ "object" "kind" ] {
        object = text "Kind, namespace and name.";
        kind = text "missing, changed or unknown.";
        fields = listOf 10 (text "A field.") "The first fields that differ.";
      } "An object.") "The first objects that differ from what was delivered.";
      history = listOf 10 (object [ "generation" "revision" "deliveredAt" "outcome" ] {
        generation = number "Its number.";
        revision = text "The store path.";
        deliveredAt = text "When it was delivered.";
        outcome = text "delivered, unhealthy or failed.";
        note = text "The reason of a failure, or a note.";
      } "A generation.") "The last generations, the newest first.";
      target = place "Where the objects are.";
      leftAt = listOf 16 (place "An earlier target.") "Earlier targets that still have objects.";
    } "What the operator found. It alone writes it.";
  };
  # The name is that of the set in the target, from which names of other objects are made.
  x-kubernetes-validations = [
    {
      rule = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')";
      message = "the name must have at most 63 of a-z, 0-9 and -";
    }
    {
      rule = (
        "!has(self.spec.dependsOn) || !self.spec.dependsOn.exists(d, d.name == "
        + "self.metadata.name && !has(d.namespace))"
      );
      message = "a profile can't depend on itself";
    }
  ];
}
