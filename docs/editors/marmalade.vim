" Marmalade in Vim (8.2 or later) and Neovim: evaluate what is under the cursor, light what sounds, complete, ask.
" How to install it is in README.md beside this file.

if exists('g:loaded_marmalade')
  finish
endif
let g:loaded_marmalade = 1

" The program, as a list of words: ['/home/me/marmalade/scripts/marmalade'] where it is not installed.
let g:marmalade_command = get(g:, 'marmalade_command', ['marmalade'])

let s:calls = {
      \ 'evaluate': ['send', '--json', '--source', 'SOURCE'],
      \ 'hush': ['send', '--do', 'hush'],
      \ 'panic': ['send', '--do', 'panic'],
      \ 'interrupt': ['send', '--do', 'interrupt'],
      \ 'complete': ['send', '--json', '--do', 'complete', '-'],
      \ 'document': ['send', '--json', '--do', 'document', '-'],
      \ }

function! s:Words(call) abort
  let l:source = expand('%:t') ==# '' ? 'vim' : expand('%:t')
  return g:marmalade_command + map(copy(s:calls[a:call]), {_, word -> word ==# 'SOURCE' ? l:source : word})
endfunction

" Without waiting: an evaluation may take long, and the cursor must not.
function! s:Start(call, input, Done) abort
  let l:said = []
  if has('nvim')
    let l:options = {'stdout_buffered': v:true, 'stderr_buffered': v:true}
    let l:options.on_stdout = {_, lines, __ -> extend(l:said, lines)}
    let l:options.on_stderr = {_, lines, __ -> extend(l:said, lines)}
    let l:options.on_exit = {_, status, __ -> a:Done(join(l:said, "\n"))}
    let l:job = jobstart(s:Words(a:call), l:options)
    call chansend(l:job, a:input)
    call chanclose(l:job, 'stdin')
  else
    let l:options = {'in_mode': 'raw', 'out_mode': 'raw', 'err_mode': 'raw'}
    let l:options.callback = {_, text -> add(l:said, text)}
    let l:options.close_cb = {_ -> a:Done(join(l:said, ''))}
    let l:channel = job_getchannel(job_start(s:Words(a:call), l:options))
    call ch_sendraw(l:channel, a:input)
    call ch_close_in(l:channel)
  endif
endfunction

" Waiting: for completion, which Vim asks for and needs at once.
function! s:Ask(call, fields) abort
  let l:command = join(map(s:Words(a:call), {_, word -> shellescape(word)}))
  let l:text = system(l:command, json_encode(a:fields))
  try
    return json_decode(l:text)
  catch
    return {'error': {'text': trim(l:text)}}
  endtry
endfunction

function! s:Told(text) abort
  try
    let l:answer = json_decode(a:text)
  catch
    echohl ErrorMsg | echomsg trim(a:text) | echohl None
    return
  endtry
  if type(get(l:answer, 'error')) == v:t_dict
    " One line, for of several only the last is seen; :copen has the place.
    let l:said = trim(l:answer.error.message . '. ' . get(l:answer.error, 'hint', ''), '. ')
    let l:where = l:answer.error.where
    if type(l:where) == v:t_dict
      call setqflist([{'bufnr': bufnr('%'), 'lnum': l:where.line, 'col': l:where.column, 'text': l:said}], 'r')
      let l:said = 'line ' . l:where.line . ': ' . l:said
    endif
    echohl ErrorMsg
    echomsg strcharpart(substitute(l:said, '\n', ' ', 'g'), 0, get(v:, 'echospace', 78))
    echohl None
    return
  endif
  let l:landings = map(copy(get(l:answer, 'landings', [])), {_, each -> each.what . ' at bar ' . each.cycle})
  if get(l:answer, 'value', '') !=# ''
    echo l:answer.value
  endif
  if !empty(l:landings)
    echo join(l:landings, ', ')
  endif
endfunction

" Empty lines before the block keep its line numbers those of the file, in messages and highlights.
function! MarmaladeEvaluate(first, last) abort
  let l:lines = repeat([''], a:first - 1) + getline(a:first, a:last)
  call s:Start('evaluate', join(l:lines, "\n") . "\n", function('s:Told'))
endfunction

function! MarmaladeBlock() abort
  let l:first = line('.')
  let l:last = l:first
  while l:first > 1 && getline(l:first - 1) =~# '\S'
    let l:first -= 1
  endwhile
  while l:last < line('$') && getline(l:last + 1) =~# '\S'
    let l:last += 1
  endwhile
  call MarmaladeEvaluate(l:first, l:last)
endfunction

function! MarmaladeDo(call) abort
  call s:Start(a:call, '', {text -> execute('echo ' . string(trim(text)), '')})
endfunction

function! s:Fields() abort
  let l:before = join(getline(1, line('.') - 1) + [strpart(getline('.'), 0, col('.') - 1)], "\n")
  return {'code': join(getline(1, '$'), "\n"), 'position': strchars(l:before)}
endfunction

function! MarmaladeComplete(findstart, base) abort
  if a:findstart
    let s:answer = s:Ask('complete', s:Fields())
    let l:lines = split(strcharpart(s:Fields().code, 0, get(s:answer, 'start', 0)), "\n", 1)
    return has_key(s:answer, 'completions') ? strlen(l:lines[-1]) : -3
  endif
  return map(copy(s:answer.completions),
        \ {_, each -> {'word': each.text, 'kind': each.kind[0], 'menu': each.meta, 'info': each.doc, 'icase': 1, 'dup': 1}})
endfunction

function! MarmaladeDocument() abort
  let l:page = s:Ask('document', s:Fields())
  if get(l:page, 'title', '') ==# ''
    echo 'Nothing is known of this.'
    return
  endif
  let l:text = [l:page.signature, ''] + split(l:page.doc, "\n", 1) + [''] + map(copy(l:page.examples), {_, code -> '    ' . code})
  pclose
  new
  setlocal previewwindow buftype=nofile bufhidden=wipe noswapfile
  call setline(1, l:text)
  wincmd p
endfunction

" Lights: `marmalade lights` says which characters sound, when they are heard, and hears how a text has changed.
let s:lamp = v:null
let s:rest = ''
let s:coming = -1

function! MarmaladeLights() abort
  if s:lamp isnot v:null
    call s:Stop()
    return
  endif
  if has('nvim')
    let s:lamp = jobstart(g:marmalade_command + ['lights'], {
          \ 'on_stdout': {_, lines, __ -> s:Shine(join(lines, "\n"))}, 'on_exit': {-> s:Dark()}})
  else
    let s:lamp = job_start(g:marmalade_command + ['lights'], {
          \ 'in_mode': 'raw', 'out_mode': 'raw', 'callback': {_, text -> s:Shine(text)}, 'exit_cb': {-> s:Dark()}})
  endif
  call s:Tell()
endfunction

function! s:Stop() abort
  if has('nvim')
    call chanclose(s:lamp, 'stdin')
  else
    call ch_close_in(s:lamp)
  endif
endfunction

function! s:Dark() abort
  let s:lamp = v:null
  let s:rest = ''
  for l:buffer in filter(getbufinfo({'bufloaded': 1}), {_, each -> each.name =~# '\.py$'})
    call s:Light(l:buffer.bufnr, [])
  endfor
endfunction

function! s:Shine(text) abort
  let l:lines = split(s:rest . a:text, "\n", 1)
  let s:rest = remove(l:lines, -1)
  let l:told = {}
  for l:line in filter(l:lines, {_, each -> each !=# ''})
    let l:each = json_decode(l:line)
    let l:told[l:each.source] = l:each.lit
  endfor
  for l:buffer in getbufinfo({'bufloaded': 1})
    let l:source = fnamemodify(l:buffer.name, ':t')
    if has_key(l:told, l:source)
      call s:Light(l:buffer.bufnr, l:told[l:source])
    endif
  endfor
endfunction

" All lights of a buffer: places are [line, column, characters], from 1.
function! s:Light(buffer, places) abort
  if has('nvim')
    let l:space = nvim_create_namespace('marmalade')
    call nvim_buf_clear_namespace(a:buffer, l:space, 0, -1)
  else
    if empty(prop_type_get('marmalade'))
      call prop_type_add('marmalade', {'highlight': 'IncSearch'})
    endif
    call prop_remove({'type': 'marmalade', 'bufnr': a:buffer, 'all': 1})
  endif
  for [l:line, l:column, l:count] in a:places
    let l:text = get(getbufline(a:buffer, l:line), 0, '')
    let l:begin = byteidx(l:text, l:column - 1)
    let l:end = byteidx(l:text, l:column - 1 + l:count)
    if l:begin < 0 || l:end < 0
      continue
    elseif has('nvim')
      call nvim_buf_add_highlight(a:buffer, l:space, 'IncSearch', l:line - 1, l:begin, l:end)
    else
      call prop_add(l:line, l:begin + 1, {'type': 'marmalade', 'bufnr': a:buffer, 'length': l:end - l:begin})
    endif
  endfor
endfunction

" What the text looks like now, five times a second at most: lights go with their lines.
function! s:Changed() abort
  if s:lamp isnot v:null && s:coming < 0
    let s:coming = timer_start(200, {-> s:Tell()})
  endif
endfunction

function! s:Tell() abort
  let s:coming = -1
  if s:lamp is v:null
    return
  endif
  let l:line = json_encode({'source': expand('%:t'), 'text': join(getline(1, '$'), "\n") . "\n"}) . "\n"
  if has('nvim')
    call chansend(s:lamp, l:line)
  else
    call ch_sendraw(s:lamp, l:line)
  endif
endfunction

function! MarmaladeKeys() abort
  setlocal omnifunc=MarmaladeComplete
  nnoremap <buffer> <silent> <LocalLeader>b :call MarmaladeBlock()<CR>
  nnoremap <buffer> <silent> <LocalLeader>l :call MarmaladeEvaluate(line('.'), line('.'))<CR>
  nnoremap <buffer> <silent> <LocalLeader>a :call MarmaladeEvaluate(1, line('$'))<CR>
  xnoremap <buffer> <silent> <LocalLeader>b :<C-u>call MarmaladeEvaluate(line("'<"), line("'>"))<CR>
  nnoremap <buffer> <silent> <LocalLeader>h :call MarmaladeDo('hush')<CR>
  nnoremap <buffer> <silent> <LocalLeader>p :call MarmaladeDo('panic')<CR>
  nnoremap <buffer> <silent> <LocalLeader>i :call MarmaladeDo('interrupt')<CR>
  nnoremap <buffer> <silent> <LocalLeader>d :call MarmaladeDocument()<CR>
  nnoremap <buffer> <silent> <LocalLeader>s :call MarmaladeLights()<CR>
  augroup marmalade_text
    autocmd! * <buffer>
    autocmd TextChanged,TextChangedI,BufEnter <buffer> call s:Changed()
  augroup END
endfunction

command! MarmaladeKeys call MarmaladeKeys()

augroup marmalade
  autocmd!
  autocmd BufRead,BufNewFile */sets/*.py MarmaladeKeys
augroup END
