// Waits for the phone: asks how far it is, and loads the page again when that changed. Without it the page does so by itself.
const main = document.querySelector("main");
const look = async () => {
  try {
    const answer = await fetch(main.dataset.state, { cache: "no-store", redirect: "error" });
    if (!answer.ok || (await answer.json()).step !== main.dataset.step) {
      location.reload();
      return;
    }
  } catch {
    // The network went away, or the sign-in went on in another tab: look again, a while later.
    setTimeout(look, 5000);
    return;
  }
  setTimeout(look, 1500);
};
setTimeout(look, 1500);
