export const words: string = "plain words, first version";
