export { SWALR, type SWALROptions } from '../schedulers/swalr'
