// Elements as tagged templates, without a build step.
import {h, render} from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export {render};
export {useEffect, useRef, useState} from "./vendor/hooks.js";

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const percent = (at) => `${Math.round(100 * at)} %`;
export const decibels = (level) => (level <= -98 ? "silence" : level.toFixed(1));
