// Shows the lessons that fit the three choices. Without this script all lessons are shown and the choices are hidden.
const form = document.getElementById("choices");
const cards = [...document.querySelectorAll("#gallery > li")];

function choose() {
  const { part, time, data } = Object.fromEntries(new FormData(form));
  for (const card of cards) {
    const has = card.dataset;
    card.hidden =
      (part && has.part !== part) ||
      (time && Number(has.time) > Number(time)) ||
      (data && !has.data.split(" ").includes(data));
  }
  const shown = cards.filter((card) => !card.hidden).length;
  document.getElementById("count").textContent = `${shown} of ${cards.length} lessons`;
}

form.hidden = false;
form.addEventListener("change", choose);
window.addEventListener("pageshow", choose); // a browser that comes back keeps the choices
choose();
