import type { LocalDocument } from "../src/types.ts";

/** Notes for those who want to try the page without files of their own. */
export const samples: LocalDocument[] = [
  {
    id: "samples/sourdough.md",
    title: "Sourdough",
    text: `Feed the starter in the evening: equal weights of flour and water. It has doubled by morning.

Mix 500 g flour, 350 g water and 100 g starter, rest for half an hour, then add 10 g salt.

Fold the dough four times in the first two hours. It is ready to shape when it holds a dome and jiggles.

Bake covered for 20 minutes at 240 °C so that steam keeps the crust soft while it rises, then 25 minutes uncovered until it is dark.`,
  },
  {
    id: "samples/bicycle.md",
    title: "Bicycle repairs",
    text: `The chain skips under load: measure its wear. Past 0.75 per cent the cogs suffer, so replace the chain first.

Brakes squeal after rain. Wipe the rim, then sand the pads lightly; if it stays, turn the pads' front edge inwards a little.

A slow leak: inflate the tube, hold it under water and look for bubbles. Let the glue dry until it no longer shines before the patch goes on.`,
  },
  {
    id: "samples/balcony.md",
    title: "Balcony garden",
    text: `Tomatoes want six hours of sun. Pinch out the shoots between stem and leaf, or the plant grows green instead of fruit.

Leaves that turn yellow from below mean too much water more often than too little.

Mint takes over every pot that it shares. Give it one of its own.

Cover the lemon tree when nights fall below five degrees.`,
  },
  {
    id: "samples/lease.txt",
    title: "Notes on the lease",
    text: `Three months' notice, in writing, to the end of a month.

The deposit is three rents without heating and must be paid back within six months after moving out, less what is owed.

Small repairs up to 100 a piece are ours, everything in the walls is the landlord's.`,
  },
  {
    id: "samples/nightsky.txt",
    title: "Night sky",
    text: `In August the Perseids peak around the twelfth. Lie down, look away from the moon, and give your eyes twenty minutes to get used to the dark.

To find north, follow the front edge of the Plough five times its length: the star you reach hardly moves all night.

Binoculars held against a railing show the four largest moons of Jupiter.`,
  },
];
