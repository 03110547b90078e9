/** An image for tests of what is told about images: a tool with metadata, a source and a patch, on a shell. */
import { build } from '../nix/nix-command.ts'
import { busybox } from '../support/nix.ts'

/** SHA-256 of the tool's source. */
export const SOURCE_HASH = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' // of "hello"

/** Returns the store path of the image, built. @param more arguments of `image`. */
export async function insightImage(more = ''): Promise<string> {
  return build(`
    let
      system = builtins.currentSystem;
      sh = name: more: derivation ({ inherit name system; builder = "/bin/sh"; } // more);
      source = sh "tool-1.2.tar.gz" {
        args = [ "-c" "printf hello > $out" ];
        outputHash = "${SOURCE_HASH}";
        outputHashAlgo = "sha256";
        url = "https://user:secret@example.org/tool-1.2.tar.gz";
      };
      patch = builtins.toFile "CVE-2024-12345.patch" "";
      tool = sh "tool-1.2" {
        args = [ "-c" "read -r line < $src; echo $line > $out" ];
        pname = "tool";
        version = "1.2";
        src = source;
        patches = [ patch ];
        password = "a secret of the build";
      } // { meta = {
        license.spdxId = "MIT";
        homepage = "https://user:secret@example.org/tool";
        identifiers.cpe = "cpe:2.3:a:example:tool:1.2:*:*:*:*:*:*:*";
      }; };
    in
    image {
      name = "web";
      files."/tool".source = tool;
      contents = [ (builtins.storePath ${await busybox()}) ];
      layers = [ [ tool ] ];
      ${more}
    }
  `)
}
