/** FER-2013's classes in the order of its label column. */
export const LABELS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'] as const;
export type Label = (typeof LABELS)[number];
export const CLASS_COUNT = LABELS.length;

/** Marks a picture without a label (the challenge's test.csv). */
export const UNLABELLED = 255;

export const FACE_SIZE = 48;
export const PIXEL_COUNT = FACE_SIZE * FACE_SIZE;
