// SPDX-License-Identifier: Apache-2.0
// A pad to draw on, and pictures of it in the size that a model takes.

const PEN = 22; // pixels of the pad, as thick as a digit of MNIST is in 280
const STEP = 14; // of the keyboard
const BOX = 20 / 28; // of the side that a digit of MNIST fills

/** The smallest box around what is drawn, and its centre of mass; null when nothing is. */
function extent({data, width, height}) {
  let left = width, right = -1, top = height, bottom = -1, mass = 0, x0 = 0, y0 = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = data[4 * (y * width + x)];
      if (value < 16) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      mass += value;
      x0 += value * x;
      y0 += value * y;
    }
  return mass === 0 ? null : {left, top, width: right - left + 1, height: bottom - top + 1, x: x0 / mass, y: y0 / mass};
}

function surface(width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  return context;
}

/** Halves until the next step is the last: what is thin does not fall between pixels. */
function shrink(source, width, height, to, x, y, w, h) {
  let from = source;
  while (width > 2 * w && height > 2 * h) {
    const half = surface(Math.ceil(width / 2), Math.ceil(height / 2));
    half.drawImage(from, 0, 0, width, height, 0, 0, half.canvas.width, half.canvas.height);
    [from, width, height] = [half.canvas, half.canvas.width, half.canvas.height];
  }
  to.drawImage(from, 0, 0, width, height, x, y, w, h);
}

/** The middle of what a video shows, in the proportions of the model. */
function middle(video, {width, height}) {
  const scale = Math.min(video.videoWidth / width, video.videoHeight / height);
  const w = Math.round(width * scale), h = Math.round(height * scale);
  return createImageBitmap(video, Math.floor((video.videoWidth - w) / 2), Math.floor((video.videoHeight - h) / 2), w, h);
}

/** An image file, or what a video shows, in the model's size, over black. */
export async function imageOf(source, {width, height}) {
  const bitmap = source instanceof HTMLVideoElement ? await middle(source, {width, height}) : await createImageBitmap(source);
  const to = surface(width, height);
  shrink(bitmap, bitmap.width, bitmap.height, to, 0, 0, width, height);
  return to.getImageData(0, 0, width, height);
}

export class Pad {
  #context;
  #at = null; // where the pen is
  #cursor = {x: 140, y: 140};

  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.image = null; // instead of what is drawn
    this.#context = canvas.getContext('2d', {willReadFrequently: true});
    this.clear();
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#begin();
      this.#at = this.#place(event);
      this.#line(this.#at, this.#at);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#at === null) return;
      const next = this.#place(event);
      this.#line(this.#at, next);
      this.#at = next;
    });
    for (const end of ['pointerup', 'pointercancel'])
      canvas.addEventListener(end, () => { this.#at = null; });
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #place({offsetX, offsetY}) {
    const scale = this.canvas.width / this.canvas.clientWidth;
    return {x: offsetX * scale, y: offsetY * scale};
  }

  #begin() {
    if (this.image !== null) this.clear();
  }

  #line(from, to) {
    const c = this.#context;
    c.strokeStyle = '#fff';
    c.lineWidth = PEN;
    c.lineCap = 'round';
    c.lineJoin = 'round';
    c.beginPath();
    c.moveTo(from.x, from.y);
    c.lineTo(to.x + 0.01, to.y);
    c.stroke();
    this.changed('');
  }

  #key(event) {
    const moves = {ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP]};
    const move = moves[event.key], {width} = this.canvas;
    if (event.key === 'Delete' || event.key === 'Backspace') {
      this.clear();
      this.changed('cleared');
    } else if (event.key === ' ') {
      this.#begin();
      this.pen = !this.pen;
      if (this.pen) this.#line(this.#cursor, this.#cursor);
      this.changed(this.pen ? 'the pen is down' : 'the pen is up');
    } else if (move !== undefined) {
      const next = {x: Math.min(width, Math.max(0, this.#cursor.x + move[0])),
        y: Math.min(width, Math.max(0, this.#cursor.y + move[1]))};
      if (this.pen) this.#line(this.#cursor, next);
      this.#cursor = next;
      this.changed(`${this.pen ? 'drawn' : 'moved'} to ${Math.round(100 * next.x / width)}, ${Math.round(100 * next.y / width)} of 100`);
    } else {
      return;
    }
    event.preventDefault();
  }

  clear() {
    this.image = null;
    this.pen = false;
    this.#context.fillStyle = '#000';
    this.#context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Shows a picture in place of a drawing. */
  show(image) {
    this.clear();
    this.image = image;
    const small = surface(image.width, image.height);
    small.putImageData(image, 0, 0);
    this.#context.imageSmoothingEnabled = false;
    this.#context.drawImage(small.canvas, 0, 0, this.canvas.width, this.canvas.height);
    this.#context.imageSmoothingEnabled = true;
  }

  /** What is shown, in the model's size: a drawing in MNIST's place, its mass in the middle. Null when
   * there is nothing. */
  take({width, height}) {
    if (this.image !== null) return this.image;
    const all = this.#context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const box = extent(all);
    if (box === null) return null;
    const scale = Math.min(BOX * width / box.width, BOX * height / box.height);
    const cut = surface(box.width, box.height), to = surface(width, height);
    cut.drawImage(this.canvas, -box.left, -box.top);
    const w = box.width * scale, h = box.height * scale;
    const x = Math.min(width - w, Math.max(0, width / 2 - (box.x - box.left) * scale));
    const y = Math.min(height - h, Math.max(0, height / 2 - (box.y - box.top) * scale));
    shrink(cut.canvas, box.width, box.height, to, x, y, w, h);
    return to.getImageData(0, 0, width, height);
  }
}
