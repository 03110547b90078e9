# The file that makes a directory work with `kubectl apply -k`, Kustomize, Flux and Argo CD.
#
# Its name is `Kustomization`, the third of the names that Kustomize knows. `kubectl apply -f` reads every .yaml file
# of a directory, and fails at a `kustomization.yaml`, whose kind no cluster has.
let
  toYAML = import ./yaml.nix;
in
{
  name = "Kustomization";

  /**
    Returns the text for a list of files, or of directories that have such a file.
  */
  text =
    resources:
    # in the order that people expect
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${toYAML { inherit resources; }}";
}
