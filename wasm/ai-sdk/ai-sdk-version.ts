/** The version of the package. The build of the package writes it. */
export const VERSION: string = "0.0.0";
