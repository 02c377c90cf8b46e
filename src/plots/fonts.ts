import { dirname, join } from 'node:path'
import { GlobalFonts } from '@napi-rs/canvas'

/** The one font family of the package's pictures: registered under a name of its own, so no system font is ever asked for. */
export const FONT = 'libtorch-node'

let registered = false

/** Registers DejaVu Sans, regular and bold, as `FONT`; bare machines have no font at all. */
export function registerFonts(): void {
  if (registered) return
  const folder = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf')
  for (const file of ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']) {
    if (!GlobalFonts.registerFromPath(join(folder, file), FONT)) {
      throw new Error(`the font ${join(folder, file)} of the package dejavu-fonts-ttf cannot be read`)
    }
  }
  registered = true
}
