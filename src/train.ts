import { main } from './cli/main'

main(['train', ...process.argv.slice(2)])
