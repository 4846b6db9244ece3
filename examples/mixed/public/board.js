// Keeps the page up to date. EventSource comes back by itself when the connection is lost.

const source = new EventSource('/api/events');

source.addEventListener('readers', ({ data }) => {
  document.querySelector('#readers').textContent = data;
});

// Django makes the list; the event only says that there is a new one.
source.addEventListener('notice', async () => {
  const page = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
  document.querySelector('#notices').replaceWith(page.querySelector('#notices'));
});
